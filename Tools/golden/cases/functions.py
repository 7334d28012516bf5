"""Functions that the model itself defines, and branches whose condition is a constant."""

import numpy as np
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from .builder import Builder, case

OPSETS = [helper.make_opsetid("", 13), helper.make_opsetid("local", 1)]


def function(b: Builder, name: str, inputs: list, outputs: list, nodes: list, **arguments) -> None:
    b.functions.append(helper.make_function("local", name, inputs, outputs, nodes, OPSETS, **arguments))


@case
def function_of_the_model(b: Builder):
    """Called twice; its inner names are those of the graph, too."""
    nodes = [helper.make_node("Sigmoid", ["x"], ["t1"]), helper.make_node("Mul", ["x", "t1"], ["y"])]
    function(b, "Gate", ["x"], ["y"], nodes)
    y = b.node("Gate", b.convolution(b.input(1, 3, 5, 4), 3, 4, (1, 1)), domain="local")
    return b.node("Gate", b.convolution(y, 4, 2, (1, 1)), domain="local")


@case
def function_with_attributes(b: Builder):
    """One attribute of the call, one default, and an input that the call leaves out."""
    leaky = helper.make_node("LeakyRelu", ["x"], ["a"])
    leaky.attribute.append(AttributeProto(name="alpha", type=AttributeProto.FLOAT, ref_attr_name="slope"))
    elu = helper.make_node("Elu", ["a"], ["e"])
    elu.attribute.append(AttributeProto(name="alpha", type=AttributeProto.FLOAT, ref_attr_name="depth"))
    clip = helper.make_node("Clip", ["e", "low", "high"], ["y"])
    function(
        b,
        "Bend",
        ["x", "low", "high"],
        ["y"],
        [leaky, elu, clip],
        attributes=["slope"],
        attribute_protos=[helper.make_attribute("depth", 0.7)],
    )
    return b.node("Bend", b.input(1, 12), "", b.constant(1.5), domain="local", slope=0.3)


@case
def function_calls_function(b: Builder):
    function(b, "Inner", ["x"], ["y", "z"], [helper.make_node("Tanh", ["x"], ["y"]), helper.make_node("Relu", ["x"], ["z"])])
    outer = [helper.make_node("Inner", ["x"], ["a", "b"], domain="local"), helper.make_node("Add", ["a", "b"], ["y"])]
    function(b, "Outer", ["x"], ["y", "same"], outer + [helper.make_node("Identity", ["x"], ["same"])])
    y, same = b.node("Outer", b.node("Neg", b.input(1, 12)), outputs=2, domain="local")
    return b.node("Concat", y, same, axis=1)


def branch(name: str, nodes: list, initializers: list | None = None):
    return helper.make_graph(nodes, name, [], [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)], initializers or [])


@case
def if_with_constant_condition(b: Builder):
    """The taken branch has weights of its own and reads the surrounding graph."""
    x = b.node("Relu", b.input(1, 12))
    weights = numpy_helper.from_array(b.random.uniform(-1, 1, (12, 5)).astype(np.float32), "w")
    taken = branch("taken", [helper.make_node("MatMul", [x, "w"], ["z"])], [weights])
    other = branch("other", [helper.make_node("Hardmax", [x], ["z"])])
    return b.node("Tanh", b.node("If", b.constant(np.array(True)), then_branch=taken, else_branch=other))


@case
def if_with_computed_constant_condition(b: Builder):
    """The condition follows from constants; one branch puts out what is there already."""
    x = b.node("Relu", b.input(1, 12))
    condition = b.node("Not", b.node("Equal", b.scalar_int(3), b.scalar_int(3)))
    taken = branch("taken", [helper.make_node("Identity", [x], ["z"])])
    other = branch("other", [helper.make_node("Neg", [x], ["z"])])
    return b.node("Exp", b.node("If", condition, then_branch=taken, else_branch=other))
