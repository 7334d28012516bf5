"""Puts golden cases through tools that rewrite ONNX files, and makes cases with TensorFlow's exporter.

    python exporters.py rewrite DIR OUT [NAME...]     cases of DIR as export_models.py writes them
    python exporters.py tensorflow OUT [NAME...]      Keras networks with random weights

`rewrite` needs onnxsim, onnxslim and onnxconverter-common, `tensorflow` needs tensorflow and tf2onnx. Both need onnx and
onnxruntime, whose answers to the rewritten file are recorded. parity.py compares them.

float16 cases keep float32 at the inputs and outputs, as phones' exporters do; the others are compared as they are.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
import onnx

from golden_case import TOLERANCE, write_case

SEED = 7


def simplified(model: onnx.ModelProto) -> onnx.ModelProto:
    import onnxsim

    result, valid = onnxsim.simplify(model)
    if not valid:
        raise ValueError("onnxsim's own check fails")
    return result


def slimmed(model: onnx.ModelProto) -> onnx.ModelProto:
    import onnxslim

    return onnxslim.slim(model)


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    from onnxconverter_common import float16

    return float16.convert_float_to_float16(model, keep_io_types=True)


# What a tool does to a model, and how far float32 arithmetic may be from ONNX Runtime's answer.
REWRITERS = {"onnxsim": (simplified, TOLERANCE), "onnxslim": (slimmed, TOLERANCE), "float16": (halved, 3e-2)}


def rewrite(directory: Path, out: Path, names: list) -> None:
    names = names or sorted(folder.name for folder in directory.iterdir() if (folder / "case.json").exists())
    for name in names:
        case = json.loads((directory / name / "case.json").read_text())
        inputs = {tensor: np.load(directory / name / file) for tensor, file in case["input"].items()}
        for tool, (function, tolerance) in REWRITERS.items():
            try:
                model = function(onnx.load(directory / name / "model.onnx"))
                write_case(out / f"{name}.{tool}", model, inputs, outputs=[model.graph.output[0].name], tolerance=tolerance)
                print(f"{name}.{tool}: {len(model.graph.node)} nodes", flush=True)
            except Exception as error:
                print(f"{name}.{tool}: not written: {type(error).__name__}: {error}".splitlines()[0], flush=True)


KERAS = {
    "MobileNet": (128, {"alpha": 0.25}),
    "MobileNetV2": (128, {"alpha": 0.35}),
    "MobileNetV3Small": (224, {}),
    "EfficientNetB0": (224, {}),
    "ResNet50V2": (128, {}),
    "DenseNet121": (96, {}),
    "NASNetMobile": (224, {}),
    "ConvNeXtTiny": (96, {}),
}


def tensorflow(out: Path, names: list) -> None:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf
    import tf2onnx

    def inference(network):
        return tf.function(lambda x: network(x, training=False))

    for name in names or KERAS:
        size, options = KERAS[name]
        tf.keras.utils.set_random_seed(SEED)
        network = getattr(tf.keras.applications, name)(weights=None, input_shape=(size, size, 3), **options)
        random = np.random.default_rng(SEED)
        for layer in network.layers:
            values = layer.get_weights()
            if isinstance(layer, tf.keras.layers.BatchNormalization) and len(values) == 4:
                ranges = [(0.5, 1.5), (-0.3, 0.3), (-0.2, 0.2), (0.7, 1.5)]
                layer.set_weights([random.uniform(*limits, value.shape) for limits, value in zip(ranges, values)])
        image = random.uniform(-1, 1, (1, size, size, 3)).astype(np.float32)
        # The exporter leaves the network's NHWC input as it is, or puts a Transpose behind an NCHW one.
        for suffix, channels_first in (("", False), (".nchw", True)):
            try:
                signature = (tf.TensorSpec((None, size, size, 3), tf.float32, name="x"),)
                model, _ = tf2onnx.convert.from_function(
                    inference(network),
                    input_signature=signature,
                    opset=15,
                    inputs_as_nchw=["x"] if channels_first else None,
                )
                value = image.transpose(0, 3, 1, 2).copy() if channels_first else image
                write_case(out / f"keras_{name}{suffix}", model, {model.graph.input[0].name: value})
                print(f"keras_{name}{suffix}: {len(model.graph.node)} nodes", flush=True)
            except Exception as error:
                print(f"keras_{name}{suffix}: not written: {type(error).__name__}: {error}".splitlines()[0], flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    subparsers = parser.add_subparsers(dest="kind", required=True)
    rewriting = subparsers.add_parser("rewrite")
    rewriting.add_argument("directory", type=Path)
    exporting = subparsers.add_parser("tensorflow")
    for subparser in (rewriting, exporting):
        subparser.add_argument("out", type=Path)
        subparser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    if arguments.kind == "rewrite":
        rewrite(arguments.directory, arguments.out, arguments.names)
    else:
        tensorflow(arguments.out, arguments.names)


if __name__ == "__main__":
    main()
