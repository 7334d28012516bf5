"""Records ONNX Runtime's answers for the encoders of EDGESSL_DATA (default ../shared/data beside the project).

    python encoders.py DIR

Writes DIR/<name>/ (see golden_case.py). The models stay where they are: case.json names them under "model".
"""

import argparse
import os
from pathlib import Path

import numpy as np
import onnx

from golden_case import write_case

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
    parser.add_argument("directory", type=Path)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(ENCODERS)}")
    arguments = parser.parse_args()
    data = Path(os.environ.get("EDGESSL_DATA", ROOT.parent / "shared" / "data"))
    for name in arguments.names or ENCODERS:
        size, (low, high), embedding = ENCODERS[name]
        path = (data / "encoders" / f"{name}.onnx").resolve()
        model = onnx.load(str(path))
        image = np.random.default_rng(SEED).uniform(low, high, (1, 3, size, size)).astype(np.float32)
        values = write_case(arguments.directory / name, model, {model.graph.input[0].name: image},
                            embedding=embedding, model_path=path)
        shapes = {tensor: list(value.shape) for tensor, value in values.items()}
        print(f"{name}: {shapes}", flush=True)


if __name__ == "__main__":
    main()
