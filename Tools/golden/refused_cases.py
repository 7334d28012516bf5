"""Writes the models that `edgessl import` has to refuse: Tests/Refused/<case>/.

    python refused_cases.py [--output DIR]

Each folder holds model.onnx and expected.json: the options of the import, the reason, and parts of the one-line message.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

ROOT = Path(__file__).resolve().parents[2]
CASES = {}


def case(reason: str, *message: str, **options):
    def register(function):
        CASES[function.__name__] = (function, {"options": options, "reason": reason, "message": list(message)})
        return function

    return register


def tensor_info(name: str, *shape, dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, list(shape))


def weights(name: str, *shape: int):
    values = np.random.default_rng(3).uniform(-1, 1, shape).astype(np.float32)
    return numpy_helper.from_array(values, name)


def model(nodes, inputs=None, outputs=None, initializers=(), domains=()):
    graph = helper.make_graph(
        nodes, "refused", inputs or [tensor_info("x", 1, 3, 4, 4)], outputs or [tensor_info("y")], list(initializers)
    )
    opsets = [helper.make_opsetid("", 13)] + [helper.make_opsetid(domain, 1) for domain in domains]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def node(operator, inputs, outputs, name="", **attributes):
    return helper.make_node(operator, inputs, outputs, name=name, **attributes)


@case(
    "unsupported",
    "3 operators are not supported",
    "NonMaxSuppression (detect)",
    "Det (first, second)",
    "com.example.Fancy (#2 -> c)",
)
def unsupported_operators():
    return model(
        [
            node("Det", ["x"], ["a"], "first"),
            node("Det", ["a"], ["b"], "second"),
            node("Fancy", ["b"], ["c"], domain="com.example"),
            node("NonMaxSuppression", ["c", "b"], ["y"], "detect"),
        ],
        domains=["com.example"],
    )


@case("unsupported", "If (branch)")
def control_flow():
    """A condition that is computed of the input."""
    branch = helper.make_graph([node("Relu", ["x"], ["z"])], "branch", [], [tensor_info("z")])
    nodes = [node("ReduceSum", ["x"], ["s"], keepdims=0), node("Cast", ["s"], ["c"], to=9)]
    return model(nodes + [node("If", ["c"], ["y"], "branch", then_branch=branch, else_branch=branch)])


@case("unsupported", "Add node 'sum'", "arithmetic on integers", "cast them to float")
def arithmetic_on_bytes():
    """Sums of uint8 wrap."""
    half = numpy_helper.from_array(np.array(128, np.uint8), "half")
    nodes = [node("Add", ["x", "half"], ["s"], "sum"), node("Cast", ["s"], ["y"], to=1)]
    return model(nodes, inputs=[tensor_info("x", 1, 3, 4, 4, dtype=TensorProto.UINT8)], initializers=[half])


@case("unsupported", "Div node 'half'", "division of integers")
def division_of_integers():
    two = numpy_helper.from_array(np.array(2, np.int64), "two")
    nodes = [
        node("Greater", ["x", "x"], ["g"]),
        node("Cast", ["g"], ["i"], to=7),
        node("Div", ["i", "two"], ["d"], "half"),
        node("Cast", ["d"], ["y"], to=1),
    ]
    return model(nodes, initializers=[two])


@case("unsupported", "QLinearConv (conv)", "QDQ", "edgessl quantize")
def quantized_operators():
    values = [
        numpy_helper.from_array(np.array(0.1, np.float32), "s"),
        numpy_helper.from_array(np.array(0, np.uint8), "z"),
        numpy_helper.from_array(np.ones((2, 3, 1, 1), np.uint8), "w"),
    ]
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        node("QLinearConv", ["q", "s", "z", "w", "s", "z", "s", "z"], ["p"], "conv"),
        node("DequantizeLinear", ["p", "s", "z"], ["y"]),
    ]
    return model(nodes, initializers=values)


@case("unsupported", "DynamicQuantizeLinear", "ConvInteger", "QDQ", "edgessl quantize")
def dynamically_quantized():
    values = [numpy_helper.from_array(np.ones((2, 3, 1, 1), np.uint8), "w")]
    nodes = [
        node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        node("ConvInteger", ["q", "w", "z"], ["i"]),
        node("Cast", ["i"], ["c"], to=1),
        node("Mul", ["c", "s"], ["y"]),
    ]
    return model(nodes, initializers=values)


@case("unsupported", "NonMaxSuppression (boxes)", "--embedding 'map'")
def unsupported_tail():
    return model([node("Relu", ["x"], ["map"]), node("NonMaxSuppression", ["map", "map"], ["y"], "boxes")])


@case("malformed", "call each other")
def functions_in_a_circle():
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("local", 1)]
    proto = model([node("Loop0", ["x"], ["y"], domain="local")], domains=["local"])
    for index in range(2):
        body = [node(f"Loop{1 - index}", ["a"], ["b"], domain="local")]
        proto.functions.append(helper.make_function("local", f"Loop{index}", ["a"], ["b"], body, opsets))
    return proto


@case("wrongOption", "'x'", "[N, 3, H, W]", "--input-size")
def open_size():
    return model([node("Relu", ["x"], ["y"])], inputs=[tensor_info("x", "N", 3, "H", "W")])


@case("wrongOption", "'x'", "[1, 3, 4, 4]", "8", inputSize=8)
def other_size():
    return model([node("Relu", ["x"], ["y"])])


@case("unsupported", "dimension 1 of the input 'x'", "[N, C, 4, 4]")
def open_channels():
    return model([node("Relu", ["x"], ["y"])], inputs=[tensor_info("x", "N", "C", 4, 4)])


@case("unsupported", "the input 'x'", "float")
def integer_input():
    return model([node("Cast", ["x"], ["y"], to=1)], inputs=[tensor_info("x", 1, 3, 4, 4, dtype=TensorProto.INT64)])


@case("wrongOption", "'nowhere'", "'y'", embedding="nowhere")
def unknown_embedding():
    return model([node("Relu", ["x"], ["y"])])


@case("malformed", "initializer 'w' contains NaN at element 5")
def nan_weights():
    values = weights("w", 2, 3, 1, 1)
    array = numpy_helper.to_array(values).copy()
    array.flat[5] = np.nan
    return model([node("Conv", ["x", "w"], ["y"])], initializers=[numpy_helper.from_array(array, "w")])


@case("invalidNode", "Conv node 'stem'", "infinite")
def infinite_weights():
    array = np.full((2, 3, 1, 1), np.inf, np.float32)
    return model([node("Conv", ["x", "w"], ["y"], "stem")], initializers=[numpy_helper.from_array(array, "w")])


def external(location: str):
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2, 3, 1, 1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    return model([node("Conv", ["x", "w"], ["y"])], initializers=[tensor])


@case("missing", "weights.bin", "no such file")
def external_data_missing():
    return external("weights.bin")


@case("malformed", "initializer 'w'", "../weights.bin", "outside")
def external_data_outside():
    return external("../weights.bin")


@case("malformed", "initializer 'w'", "model.onnx", "bytes 1000000 to")
def external_data_too_short():
    proto = external("model.onnx")
    proto.graph.initializer[0].external_data.add(key="offset", value="1000000")
    return proto


@case("malformed", "initializer 'w'", "[2, 3, 1, 1]", "20")
def weights_too_few_bytes():
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2, 3, 1, 1], raw_data=bytes(20))
    return model([node("Conv", ["x", "w"], ["y"])], initializers=[tensor])


@case("malformed", "initializer 'w'", "too many elements")
def weights_too_large():
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2**40, 2**40], raw_data=bytes(20))
    return model([node("MatMul", ["x", "w"], ["y"])], initializers=[tensor])


@case("malformed", "initializer 'w'", "-3")
def weights_negative_dimension():
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2, -3], raw_data=bytes(20))
    return model([node("MatMul", ["x", "w"], ["y"])], initializers=[tensor])


@case("unsupported", "initializer 'w'", "string")
def weights_of_strings():
    tensor = helper.make_tensor("w", TensorProto.STRING, [1], [b"text"])
    return model([node("Add", ["x", "w"], ["y"])], initializers=[tensor])


@case("invalidNode", "Conv node 'stem'", "3 channels", "[2, 5, 1, 1]")
def channels_do_not_fit():
    return model([node("Conv", ["x", "w"], ["y"], "stem")], initializers=[weights("w", 2, 5, 1, 1)])


@case("invalidNode", "Add node 'sum'", "[1, 3, 4, 4]", "[5]")
def shapes_do_not_broadcast():
    return model([node("Add", ["x", "w"], ["y"], "sum")], initializers=[weights("w", 5)])


@case("invalidNode", "Reshape node 'view'", "[1, 3, 4, 4]", "[5, -1]")
def reshape_does_not_fit():
    target = numpy_helper.from_array(np.array([5, -1], np.int64), "s")
    return model([node("Reshape", ["x", "s"], ["y"], "view")], initializers=[target])


@case("invalidNode", "Conv node 'stem'", "attribute strides", "expected ints")
def attribute_of_wrong_type():
    return model([node("Conv", ["x", "w"], ["y"], "stem", strides=2)], initializers=[weights("w", 2, 3, 1, 1)])


@case("invalidNode", "MaxPool node 'pool'", "do not fit")
def window_larger_than_image():
    return model([node("MaxPool", ["x"], ["y"], "pool", kernel_shape=[7, 7])])


@case("unsupported", "Conv node 'dynamic'", "input 1 ('x')", "constant")
def computed_weights():
    return model([node("Conv", ["x", "x"], ["y"], "dynamic")])


@case("unsupported", "BatchNormalization node 'norm'", "training_mode")
def training_mode():
    names = ["scale", "bias", "mean", "variance"]
    return model(
        [node("BatchNormalization", ["x"] + names, ["y", "m", "v"], "norm", training_mode=1)],
        initializers=[weights(name, 3) for name in names],
    )


@case("invalidNode", "Relu node '#0 -> y'", "'z'", "nothing before it computes")
def reads_unknown_tensor():
    return model([node("Relu", ["z"], ["y"])])


@case("invalidNode", "Relu node 'second'", "'y'", "already exists")
def computes_tensor_twice():
    return model([node("Relu", ["x"], ["y"]), node("Relu", ["x"], ["y"], "second")])


@case("malformed", "'nothing'")
def output_never_computed():
    return model([node("Relu", ["x"], ["y"])], outputs=[tensor_info("nothing")])


@case("malformed", "graph is empty")
def empty_graph():
    proto = model([])
    del proto.graph.output[:]
    return proto


@case("unsupported", "'y'", "does not depend")
def constant_output():
    return model([node("Relu", ["w"], ["y"])], initializers=[weights("w", 3)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / "Tests" / "Refused")
    arguments = parser.parse_args()
    for name, (function, expected) in CASES.items():
        folder = arguments.output / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "model.onnx").write_bytes(function().SerializeToString())
        (folder / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")
    print(f"{len(CASES)} cases in {arguments.output}")


if __name__ == "__main__":
    main()
