"""Writes golden cases of models in the QDQ form of ONNX Runtime's quantizer.

    python quantized_cases.py [--output DIR]

Writes Tests/Golden/qdq_<name>/: a small CNN with random weights, quantized by onnxruntime.quantization.quantize_static. The
tolerance of a case is one step of the output's scale.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from cases.builder import Builder
from golden_case import run_reference, write_case

ROOT = Path(__file__).resolve().parents[2]


class Photos(CalibrationDataReader):
    def __init__(self, name: str, shape: list, count: int = 16):
        random = np.random.default_rng(3)
        self.rest = iter([{name: random.uniform(-2, 2, shape).astype(np.float32)} for _ in range(count)])

    def get_next(self):
        return next(self.rest, None)


def network(name: str) -> tuple[Builder, str]:
    """Convolution, depthwise convolution, residual sum, pooling, classifier, and one operator that has no int8 form."""
    b = Builder(name)
    x = b.node("Relu", b.convolution(b.input(1, 3, 12, 12), 3, 8, (3, 3), pads=[1, 1, 1, 1], strides=[2, 2]))
    y = b.node("Clip", b.convolution(x, 8, 8, (3, 3), group=8, pads=[1, 1, 1, 1]), b.constant(0.0), b.constant(6.0))
    y = b.node("Add", b.convolution(y, 8, 8, (1, 1)), x)
    y = b.node("Sigmoid", y)
    y = b.node("MaxPool", y, kernel_shape=[2, 2], strides=[2, 2])
    y = b.node("Flatten", b.node("GlobalAveragePool", y))
    return b, b.node("Gemm", y, b.weight(5, 8), b.weight(5), transB=1)


def output_step(model: onnx.ModelProto) -> float:
    """The scale of the DequantizeLinear that gives the output."""
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    last = next(node for node in model.graph.node if model.graph.output[0].name in node.output)
    return float(constants[last.input[1]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / "Tests" / "Golden")
    arguments = parser.parse_args()
    for activations in ("QUInt8", "QInt8"):
        for per_channel in (True, False):
            name = f"qdq_{activations[1:].lower()}{'_per_channel' if per_channel else ''}"
            b, output = network(name)
            with tempfile.TemporaryDirectory() as folder:
                source, target = Path(folder) / "float.onnx", Path(folder) / "qdq.onnx"
                onnx.save(b.finish(output), source)
                quantize_static(
                    source,
                    target,
                    Photos("x", [1, 3, 12, 12]),
                    quant_format=QuantFormat.QDQ,
                    per_channel=per_channel,
                    activation_type=QuantType[activations],
                    weight_type=QuantType.QInt8,
                )
                model = onnx.load(target)
            result = run_reference(model, b.input_values, [model.graph.output[0].name])[0]
            tolerance = 1.01 * output_step(model) / float(np.abs(result).max())
            write_case(arguments.output / name, model, b.input_values, tolerance=tolerance)
            print(name, [n.op_type for n in model.graph.node], f"tolerance {tolerance:.4f}")


if __name__ == "__main__":
    main()
