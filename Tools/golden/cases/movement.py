"""Operators that move, join or rename values."""

import numpy as np
from onnx import numpy_helper

from .builder import Builder, case


@case
def concat_channels(b: Builder):
    return b.node("Concat", b.input(1, 2, 4, 3), b.input(1, 5, 4, 3), axis=1)


@case
def concat_three(b: Builder):
    x = b.input(1, 3, 4, 3)
    return b.node("Concat", b.node("Relu", x), x, b.node("Sigmoid", x), axis=-3)


@case
def concat_rows(b: Builder):
    return b.node("Concat", b.input(1, 3, 2, 4), b.input(1, 3, 3, 4), axis=2)


@case
def concat_columns(b: Builder):
    return b.node("Concat", b.input(1, 3, 4, 2), b.input(1, 3, 4, 1), axis=-1)


@case
def concat_rank_2(b: Builder):
    return b.node("Concat", b.input(1, 4), b.input(1, 3), axis=1)


@case
def concat_with_constant(b: Builder):
    return b.node("Concat", b.input(1, 2, 3, 3), b.weight(1, 1, 3, 3), axis=1)


@case
def fire_module(b: Builder):
    squeezed = b.node("Relu", b.convolution(b.input(1, 6, 5, 4), 6, 3, (1, 1)))
    left = b.node("Relu", b.convolution(squeezed, 3, 4, (1, 1)))
    right = b.node("Relu", b.convolution(squeezed, 3, 4, (3, 3), pads=[1, 1, 1, 1]))
    return b.node("Concat", left, right, axis=1)


@case
def flatten(b: Builder):
    return b.node("Flatten", b.input(1, 5, 4, 3))


@case
def flatten_axis_2(b: Builder):
    return b.node("Flatten", b.input(1, 5, 4, 3), axis=2)


@case
def reshape_to_vector(b: Builder):
    return b.node("Reshape", b.input(1, 5, 4, 3), b.ints(1, -1))


@case
def reshape_copies_dimensions(b: Builder):
    return b.node("Reshape", b.input(1, 6, 4, 3), b.ints(0, 0, -1))


@case
def reshape_splits_channels(b: Builder):
    return b.node("Reshape", b.input(1, 6, 4, 3), b.ints(1, 2, 3, 12))


@case
def reshape_from_vector(b: Builder):
    y = b.node("Reshape", b.input(1, 24), b.ints(1, 2, 3, 4))
    return b.convolution(y, 2, 3, (2, 2))


@case
def squeeze_pixels(b: Builder):
    return b.node("Squeeze", b.node("GlobalAveragePool", b.input(1, 5, 4, 3)), b.ints(2, 3))


@case
def squeeze_attribute_opset_11(b: Builder):
    b.opset = 11
    return b.node("Squeeze", b.node("GlobalAveragePool", b.input(1, 5, 4, 3)), axes=[-1, 2])


@case
def unsqueeze_to_image(b: Builder):
    return b.node("Unsqueeze", b.node("Gemm", b.input(1, 6), b.weight(6, 5)), b.ints(2, 3))


@case
def unsqueeze_attribute_opset_11(b: Builder):
    b.opset = 11
    y = b.node("Unsqueeze", b.node("Gemm", b.input(1, 6), b.weight(6, 5)), axes=[2, 3])
    return b.node("Mul", b.input(1, 5, 3, 2), y)


@case
def channel_shuffle(b: Builder):
    y = b.node("Reshape", b.input(1, 6, 4, 3), b.ints(1, 2, 3, 4, 3))
    y = b.node("Transpose", y, perm=[0, 2, 1, 3, 4])
    return b.node("Reshape", y, b.ints(1, -1, 4, 3))


@case
def channel_shuffle_between_convs(b: Builder):
    y = b.convolution(b.input(1, 3, 5, 4), 3, 8, (3, 3))
    y = b.node("Reshape", y, b.ints(1, 2, 4, 3, 2))
    y = b.node("Reshape", b.node("Transpose", y, perm=[0, 2, 1, 3, 4]), b.ints(1, 8, 3, 2))
    return b.convolution(y, 8, 6, (1, 1), group=2)


@case
def channel_split(b: Builder):
    left, right = b.node("Split", b.input(1, 6, 4, 3), b.ints(2, 4), outputs=2, axis=1)
    return b.node("Concat", b.node("Relu", right), left, axis=1)


@case
def channel_slice(b: Builder):
    x = b.input(1, 6, 4, 3)
    left = b.node("Slice", x, b.ints(0), b.ints(3), b.ints(1), b.ints(1))
    right = b.node("Slice", x, b.ints(3), b.ints(2**63 - 1), b.ints(1))
    return b.node("Add", left, right)


@case
def transpose_to_nhwc_and_flatten(b: Builder):
    y = b.convolution(b.input(1, 3, 5, 4), 3, 4, (3, 3))
    y = b.node("Reshape", b.node("Transpose", y, perm=[0, 2, 3, 1]), b.ints(1, -1))
    return b.node("Gemm", y, b.weight(24, 5), b.weight(5))


@case
def transpose_from_nhwc(b: Builder):
    y = b.node("Transpose", b.input(1, 5, 4, 3), perm=[0, 3, 1, 2])
    return b.convolution(y, 3, 4, (3, 3), pads=[1, 1, 1, 1])


@case
def transpose_rows_columns(b: Builder):
    return b.node("Transpose", b.input(1, 3, 5, 4), perm=[0, 1, 3, 2])


@case
def transpose_default(b: Builder):
    return b.node("Transpose", b.input(4, 5))


@case
def identity_and_dropout(b: Builder):
    y = b.node("Identity", b.convolution(b.input(1, 3, 5, 4), 3, 4, (3, 3)))
    y = b.node("Dropout", b.node("Relu", y), b.constant(0.4))
    return b.node("Identity", y)


@case
def dropout_attribute_opset_11(b: Builder):
    b.opset = 11
    return b.node("Gemm", b.node("Dropout", b.input(1, 7), ratio=0.3), b.weight(7, 4))


@case
def constant_nodes(b: Builder):
    value = numpy_helper.from_array(np.float32([[[0.5]], [[-1]], [[2]]]))
    y = b.node("Add", b.input(1, 3, 4, 5), b.node("Constant", value=value))
    return b.node("Mul", y, b.node("Constant", value_floats=[2.0, 0.5, -1.0, 3.0, 0.25]))


@case
def cast_to_float(b: Builder):
    return b.node("Relu", b.node("Cast", b.input(1, 3, 4, 5), to=1))


@case
def scatter_into_slice(b: Builder):
    x = b.input(1, 2, 4, 3)
    places = np.stack(np.meshgrid([0], [0, 1], [1, 2, 3], [0, 1, 2], indexing="ij"), axis=-1).astype(np.int64)
    updates = b.node("Relu", b.node("Slice", x, b.ints(1), b.ints(4), b.ints(2)))
    return b.node("ScatterND", x, b.constant(places), updates)


@case
def scatter_single_values(b: Builder):
    updates = b.node("Sigmoid", b.node("Slice", x := b.input(1, 3, 4), b.ints(0), b.ints(1), b.ints(2)))
    updates = b.node("Reshape", updates, b.ints(3))
    return b.node("ScatterND", x, b.constant(np.int64([[0, 2, -1], [0, 0, 1], [0, 2, 3]])), updates)


@case
def depth_to_space(b: Builder):
    return b.node("DepthToSpace", b.input(1, 8, 3, 2), blocksize=2)


@case
def depth_to_space_columns_first(b: Builder):
    return b.node("DepthToSpace", b.input(1, 8, 3, 2), blocksize=2, mode="CRD")


@case
def space_to_depth(b: Builder):
    return b.convolution(b.node("SpaceToDepth", b.input(1, 2, 6, 4), blocksize=2), 8, 3, (1, 1))


@case
def input_is_an_output(b: Builder):
    x = b.input(1, 3, 4)
    return [b.node("Relu", x), b.node("Identity", x)]
