"""Quantizes whole networks with ONNX Runtime (QDQ), imports them, and counts outputs that agree.

    python quantized_networks.py [--edgessl .build/release/edgessl] DIR [NAME...]

DIR holds cases as export_models.py writes them. Prints for each network and type which part of the first output lies within one
step of its scale: of ours and of ONNX Runtime's answer without optimisations from the exact one (quantized_reference.py), of
ours from ONNX Runtime's, and of ONNX Runtime's own answers with and without its fusions from each other.

Where an activation lies between two steps, float32 sums may round it to the other one. Each such step moves thousands of sums
of the next layer a little, a few of them over an edge, and so on: of a deep network with random weights one step in a million
can be left as a different output. Then only the exact answer says who rounded."""

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static, shape_inference

from quantized_cases import output_step
from quantized_reference import exact_outputs

CALIBRATION = 4


class Images(CalibrationDataReader):
    def __init__(self, name: str, shape: tuple):
        random = np.random.default_rng(5)
        self.rest = iter([{name: random.standard_normal(shape, dtype=np.float32)} for _ in range(CALIBRATION)])

    def get_next(self):
        return next(self.rest, None)


def answer(model: Path, name: str, image: np.ndarray, level: ort.GraphOptimizationLevel) -> np.ndarray:
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"]).run(None, {name: image})[0]


def agreement(a: np.ndarray, b: np.ndarray, step: float) -> str:
    return f"{(np.abs(a - b) / step < 1.5).mean():.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("names", nargs="*", default=["mobilenet_v2", "resnet18"])
    parser.add_argument("--edgessl", type=Path, default=Path(".build/release/edgessl"))
    arguments = parser.parse_args()
    print(
        "| network | ours, exact | ONNX Runtime, exact | ours, ONNX Runtime | ONNX Runtime with fusions, without |\n"
        "|---|---|---|---|---|"
    )
    torch.set_num_threads(1)
    for name in arguments.names:
        source = arguments.directory / name / "model.onnx"
        tensor = onnx.load(source).graph.input[0]
        shape = tuple(dimension.dim_value or 1 for dimension in tensor.type.tensor_type.shape.dim)
        image = np.random.default_rng(9).standard_normal(shape, dtype=np.float32)
        for text, type, per_channel in (("uint8, per channel", QuantType.QUInt8, True), ("int8", QuantType.QInt8, False)):
            with tempfile.TemporaryDirectory() as work:
                prepared, quantized = Path(work, "prepared.onnx"), Path(work, "model.onnx")
                shape_inference.quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
                quantize_static(
                    str(prepared),
                    str(quantized),
                    Images(tensor.name, shape),
                    quant_format=QuantFormat.QDQ,
                    activation_type=type,
                    weight_type=QuantType.QInt8,
                    per_channel=per_channel,
                )
                model = onnx.load(quantized)
                np.save(Path(work, "x.npy"), image)
                subprocess.run(
                    [arguments.edgessl, "import", quantized, "-o", f"{work}/m.tnn", "--embedding", model.graph.output[0].name],
                    check=True,
                    stdout=subprocess.DEVNULL,
                )
                subprocess.run(
                    [arguments.edgessl, "run", f"{work}/m.tnn", "--input", f"{work}/x.npy", "--output", f"{work}/y.npy"],
                    check=True,
                    stdout=subprocess.DEVNULL,
                )
                ours = np.load(Path(work, "y.npy"))
                plain = answer(quantized, tensor.name, image, ort.GraphOptimizationLevel.ORT_DISABLE_ALL)
                fused = answer(quantized, tensor.name, image, ort.GraphOptimizationLevel.ORT_ENABLE_ALL)
                exact = exact_outputs(model, image)[0]
                pairs = ((ours, exact), (plain, exact), (ours, plain), (fused, plain))
                print(f"| {name}, {text} | " + " | ".join(agreement(a, b, output_step(model)) for a, b in pairs) + " |", flush=True)


if __name__ == "__main__":
    main()
