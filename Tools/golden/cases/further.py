"""Operators that are built from others at import, one-dimensional images, and folding beyond shape chains."""

import numpy as np
from onnx import TensorProto, helper

from .builder import Builder, case


@case
def conv_1d(b: Builder):
    return b.convolution(b.input(1, 3, 9), 3, 4, (3,), pads=[1, 0], strides=[2], dilations=[2])


@case
def conv_1d_depthwise_same(b: Builder):
    return b.convolution(b.input(1, 5, 8), 5, 5, (4,), group=5, auto_pad="SAME_LOWER", strides=[3])


@case
def max_pool_1d(b: Builder):
    return b.node("MaxPool", b.input(1, 3, 9), kernel_shape=[3], strides=[2], ceil_mode=1)


@case
def global_average_pool_1d(b: Builder):
    return b.node("GlobalAveragePool", b.input(1, 5, 7))


@case
def elu(b: Builder):
    return b.node("Elu", b.input(1, 5, 4, 3, low=-4, high=2), alpha=0.7)


@case
def selu(b: Builder):
    return b.node("Selu", b.convolution(b.input(1, 3, 5, 4), 3, 4, (3, 3)))


@case
def tanh_exp_sqrt(b: Builder):
    y = b.node("Tanh", b.input(1, 5, 4, 3, low=-4, high=4))
    return b.node("Sqrt", b.node("Exp", y))


@case
def abs_neg_reciprocal(b: Builder):
    y = b.node("Add", b.node("Abs", b.node("Neg", b.input(1, 5, 4, 3))), b.constant(0.5))
    return b.node("Reciprocal", y)


@case
def pow_2_and_half(b: Builder):
    return b.node("Pow", b.node("Pow", b.input(1, 5, 4, 3), b.constant(2.0)), b.constant(0.5))


@case
def min_max_sum_mean(b: Builder):
    x, y, z = b.input(1, 3, 4, 5), b.input(1, 3, 4, 5), b.input(1, 3, 1, 5)
    total = b.node("Sum", b.node("Max", x, y, z), b.node("Min", x, y, z), z)
    return b.node("Mean", total, x, b.weight(1, 3, 4, 1))


@case
def expand(b: Builder):
    return b.node("Expand", b.input(1, 5, 1, 1), b.ints(1, 5, 3, 2))


@case
def reduce_mean_channels(b: Builder):
    return b.node("ReduceMean", b.input(1, 5, 4, 3), axes=[1], keepdims=1)


@case
def reduce_mean_all(b: Builder):
    return b.node("ReduceMean", b.input(1, 5, 4, 3), keepdims=1)


@case
def reduce_mean_rows(b: Builder):
    return b.node("ReduceMean", b.input(1, 5, 4, 3), axes=[-2], keepdims=0)


@case
def reduce_mean_rank_3(b: Builder):
    return b.node("ReduceMean", b.input(1, 6, 4), axes=[1], keepdims=0)


@case
def reduce_sum(b: Builder):
    return b.node("ReduceSum", b.input(1, 5, 4, 3), b.ints(2, 3), keepdims=0)


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
def pad_reflect(b: Builder):
    y = b.node("Pad", b.input(1, 3, 5, 4), b.ints(0, 0, 2, 1, 0, 0, 1, 3), mode="reflect")
    return b.convolution(y, 3, 4, (3, 3))


@case
def pad_edge(b: Builder):
    return b.node("Pad", b.input(1, 3, 5, 4), b.ints(0, 1, 2, 1, 0, 0, 0, 3), mode="edge")


@case
def pad_negative(b: Builder):
    return b.node("Pad", b.input(1, 3, 5, 4), b.ints(0, 0, -1, 1, 0, 0, 2, -2), b.constant(0.5))


@case
def pad_axes_opset_18(b: Builder):
    b.opset = 18
    return b.node("Pad", b.input(1, 3, 5, 4), b.ints(1, 2, 0, 1), b.constant(-1.0), b.ints(-2, -1))


@case
def slice_steps(b: Builder):
    x = b.input(1, 6, 7, 5)
    return b.node("Slice", x, b.ints(5, 1, -1), b.ints(-100, 7, -6), b.ints(1, 2, 3), b.ints(-2, 3, -1))


@case
def slice_attributes_opset_9(b: Builder):
    b.opset = 9
    return b.node("Slice", b.input(1, 6, 7, 5), starts=[1, -3], ends=[4, 100], axes=[1, 2])


@case
def split_uneven_opset_18(b: Builder):
    b.opset = 18
    first, second, third = b.node("Split", b.input(1, 7, 3, 2), outputs=3, axis=1, num_outputs=3)
    return b.node("Concat", third, b.node("Relu", first), second, axis=1)


@case
def split_attribute_opset_11(b: Builder):
    b.opset = 11
    first, second = b.node("Split", b.input(1, 7, 3, 2), outputs=2, axis=-3, split=[3, 4])
    return b.node("Concat", second, first, axis=1)


@case
def gather_channels(b: Builder):
    return b.node("Gather", b.input(1, 7, 3, 2), b.ints(5, 3, 1, 6, 6, 0, -2), axis=1)


@case
def gather_scalar(b: Builder):
    return b.node("Gather", b.input(1, 7, 3, 2), b.scalar_int(-2), axis=1)


@case
def gather_matrix_of_indices(b: Builder):
    return b.node("Gather", b.input(1, 7), b.constant(np.int64([[0, 2], [4, 6]])), axis=1)


@case
def matmul_constant_first(b: Builder):
    return b.node("MatMul", b.weight(5, 4), b.input(1, 4, 3))


@case
def matmul_vector(b: Builder):
    return b.node("MatMul", b.input(1, 3, 6), b.weight(6))


@case
def matmul_leading_ones(b: Builder):
    return b.node("MatMul", b.input(1, 2, 3, 6), b.weight(1, 1, 6, 4))


@case
def gemm_computed_addend(b: Builder):
    return b.node("Gemm", b.input(2, 6), b.weight(4, 6), b.input(1, 4), transB=1, beta=0.5)


@case
def hard_swish_after_conv(b: Builder):
    b.opset = 14
    y = b.convolution(b.input(1, 3, 5, 4), 3, 4, (1, 1))
    return b.node("Mul", y, b.node("HardSigmoid", y, alpha=1 / 6, beta=0.5))


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
def weights_as_bfloat16(b: Builder):
    bits = (b.random.uniform(-1, 1, 36).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    tensor = helper.make_tensor("narrow", TensorProto.BFLOAT16, [4, 3, 3, 1], bits.tobytes(), raw=True)
    return b.node("Conv", b.input(1, 3, 5, 4), b.node("Cast", b.initializer(tensor), to=TensorProto.FLOAT))
