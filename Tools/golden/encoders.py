"""Records ONNX Runtime's answers for the encoders of EDGESSL_DATA (default ../shared/data beside the project).

    python encoders.py [--output DIR] [NAME...]

Writes Tests/Golden/encoder_<name>/ (see golden_case.py). Models and inputs are not copied: case.json says where the
model is and how the input is made.
"""

import argparse
import os
from pathlib import Path

import onnx

from golden_case import uniform, write_case

SEED = 7
ROOT = Path(__file__).resolve().parents[2]

# size, range of the random input, embedding tensor
ENCODERS = {
    "mobilenet_v2_1.0_224": (224, (-1, 1), "features"),
    "mobilenet_v1_0.25_128": (128, (-1, 1), "features"),
    "mobilenet_v2_0.35_128": (128, (-1, 1), "features"),
    "mcunet_5fps": (128, (-1, 1), "features"),
    "mlperf_tiny_resnet8": (32, (0, 255), "model/flatten/Reshape"),
    "mlperf_tiny_vww_96": (96, (-1, 1), "model/flatten/Reshape"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / "Tests" / "Golden")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(ENCODERS)}")
    arguments = parser.parse_args()
    data = Path(os.environ.get("EDGESSL_DATA", ROOT.parent / "shared" / "data"))
    for name in arguments.names or ENCODERS:
        size, (low, high), embedding = ENCODERS[name]
        path = f"encoders/{name}.onnx"
        model = onnx.load(str(data / path))
        tensor = model.graph.input[0].name
        image = {"seed": SEED, "shape": [1, 3, size, size], "low": low, "high": high}
        values = write_case(
            arguments.output / f"encoder_{name}",
            model,
            {tensor: uniform(**image)},
            embedding=embedding,
            model_path=path,
            input_arguments={tensor: image},
        )
        shapes = {tensor: list(value.shape) for tensor, value in values.items()}
        print(f"{name}: {shapes}", flush=True)


if __name__ == "__main__":
    main()
