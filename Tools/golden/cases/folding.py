"""Constants that the file computes from other constants."""

import numpy as np
from onnx import TensorProto

from .builder import Builder, case


@case
def folded_where(b: Builder):
    mask = b.node("Greater", b.weight(3, 1, 1), b.constant(0.0))
    scale = b.node("Where", mask, b.constant(2.0), b.constant(0.5))
    return b.node("Mul", b.input(1, 3, 4, 5), scale)


@case
def folded_reductions(b: Builder):
    weight = b.weight(3, 4, 2)
    mean = b.node("ReduceMean", weight, axes=[1, 2], keepdims=1)
    largest = b.node("ReduceMax", b.node("Abs", weight), axes=[2, 1], keepdims=1)
    return b.node("Div", b.node("Sub", b.input(1, 3, 4, 5), mean), largest)


@case
def folded_weight_standardisation(b: Builder):
    weight = b.weight(4, 3, 3, 3)
    centred = b.node("Sub", weight, b.node("ReduceMean", weight, axes=[1, 2, 3], keepdims=1))
    squared = b.node("ReduceMean", b.node("Pow", centred, b.constant(2.0)), axes=[1, 2, 3], keepdims=1)
    deviation = b.node("Sqrt", b.node("Add", squared, b.constant(1e-3)))
    return b.node("Conv", b.input(1, 3, 5, 4), b.node("Div", centred, deviation))


@case
def folded_tile_expand_slice(b: Builder):
    row = b.node("Tile", b.weight(1, 2, 1), b.ints(1, 2, 5))
    plane = b.node("Expand", row, b.ints(3, 4, 5))
    piece = b.node("Slice", plane, b.ints(-1), b.ints(-10), b.ints(2), b.ints(-1))
    return b.node("Add", b.input(1, 3, 4, 5), piece)


@case
def folded_split_transpose_gather(b: Builder):
    first, second = b.node("Split", b.weight(4, 6), outputs=2, axis=0)
    joined = b.node("Concat", b.node("Transpose", second), b.node("Transpose", first), axis=1)
    return b.node("MatMul", b.input(1, 4), b.node("Gather", joined, b.ints(3, 0, -1, 2), axis=0))


@case
def folded_integer_arithmetic(b: Builder):
    shape = b.node("Shape", b.input(1, 6, 4, 3))
    height = b.node("Gather", shape, b.ints(2))
    width = b.node("Gather", shape, b.ints(3))
    pixels = b.node("Max", b.node("Mul", height, width), b.ints(1))
    rest = b.node("Mod", b.node("Sub", pixels, b.ints(7)), b.ints(6))
    same = b.node("Equal", rest, b.ints(5))
    channels = b.node("Where", same, b.ints(6), b.ints(1))
    return b.node("Reshape", "x", b.node("Concat", b.ints(1), channels, pixels, axis=0))


@case
def folded_squeeze_cast_min(b: Builder):
    scale = b.node("Squeeze", b.weight(1, 3, 1, 1), b.ints(0))
    count = b.node("Cast", b.node("Size", b.input(1, 3, 4, 5)), to=TensorProto.FLOAT)
    return b.node("Mul", "x", b.node("Min", b.node("Mul", scale, count), b.constant(9.0)))


@case
def operators_on_constants(b: Builder):
    """A weight that the file computes with operators that have no folding rule."""
    kernel = b.node("Softmax", b.weight(4, 3, 2, 2), axis=1)
    return b.node("Conv", b.input(1, 3, 5, 4), kernel, kernel_shape=[2, 2])


@case
def positions_of_sines(b: Builder):
    ramp = b.node("CumSum", b.constant(np.ones((1, 6, 4), dtype=np.float32)), b.constant(np.array(1, dtype=np.int64)))
    return b.node("Add", b.input(1, 6, 4), b.node("Add", b.node("Sin", ramp), b.node("Cos", ramp)))
