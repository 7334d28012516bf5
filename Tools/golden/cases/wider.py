"""Operators beyond the usual CNN: resizing, gathering, reductions, comparisons, einsum."""

import numpy as np

from .builder import Builder, case


def resize(b: Builder, shape: list, sizes: list | None = None, scales: list | None = None, opset: int = 13, **attributes):
    b.opset = opset
    x = b.input(*shape)
    if sizes is not None:
        return b.node("Resize", x, "", "", b.ints(*sizes), **attributes)
    return b.node("Resize", x, "", b.constant(scales), **attributes)


@case
def resize_nearest_doubles(b: Builder):
    return resize(
        b,
        [1, 3, 4, 5],
        scales=[1.0, 1.0, 2.0, 2.0],
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


@case
def resize_nearest_odd(b: Builder):
    return resize(
        b,
        [1, 3, 4, 5],
        sizes=[1, 3, 7, 3],
        mode="nearest",
        coordinate_transformation_mode="half_pixel",
        nearest_mode="round_prefer_ceil",
    )


@case
def resize_linear_half_pixel(b: Builder):
    return resize(b, [1, 3, 4, 5], sizes=[1, 3, 9, 7], mode="linear", coordinate_transformation_mode="half_pixel")


@case
def resize_linear_between_convs(b: Builder):
    y = b.convolution(b.input(1, 3, 6, 5), 3, 6, (3, 3))
    y = b.node(
        "Resize", y, "", b.constant([1.0, 1.0, 2.0, 2.0]), mode="linear", coordinate_transformation_mode="pytorch_half_pixel"
    )
    return b.convolution(y, 6, 4, (3, 3))


@case
def resize_linear_align_corners(b: Builder):
    return resize(b, [1, 3, 4, 5], sizes=[1, 3, 6, 9], mode="linear", coordinate_transformation_mode="align_corners")


@case
def resize_linear_shrinks(b: Builder):
    return resize(b, [1, 2, 9, 10], sizes=[1, 2, 4, 3], mode="linear", coordinate_transformation_mode="half_pixel")


@case
def resize_cubic(b: Builder):
    return resize(
        b, [1, 2, 5, 6], sizes=[1, 2, 8, 4], mode="cubic", coordinate_transformation_mode="half_pixel", cubic_coeff_a=-0.75
    )


@case
def resize_cubic_excludes_outside(b: Builder):
    return resize(b, [1, 2, 5, 6], sizes=[1, 2, 8, 9], mode="cubic", cubic_coeff_a=-0.5, exclude_outside=1)


@case
def resize_linear_antialiased(b: Builder):
    return resize(b, [1, 2, 11, 12], sizes=[1, 2, 4, 5], opset=18, mode="linear", antialias=1)


@case
def resize_axes_opset_18(b: Builder):
    return resize(b, [1, 2, 4, 5], sizes=[8, 3], opset=18, mode="linear", axes=[2, 3])


@case
def gather_irregular(b: Builder):
    return b.node("Gather", b.input(1, 3, 7, 2), b.constant(np.array([6, 0, 0, -2, 3], dtype=np.int64)), axis=2)


@case
def gather_irregular_channels_after_conv(b: Builder):
    y = b.convolution(b.input(1, 3, 5, 4), 3, 6, (3, 3))
    y = b.node("Gather", y, b.constant(np.array([5, 0, 2, 2], dtype=np.int64)), axis=1)
    return b.convolution(y, 4, 3, (1, 1))


@case
def tile(b: Builder):
    return b.node("Tile", b.input(1, 2, 3, 4), b.ints(1, 2, 1, 3))


@case
def expand_computed(b: Builder):
    return b.node("Expand", b.input(3, 1), b.ints(2, 1, 4))


@case
def pad_wrap_opset_19(b: Builder):
    b.opset = 19
    return b.node("Pad", b.input(1, 2, 4, 5), b.ints(0, 0, 1, 2, 0, 0, 3, 1), mode="wrap")


@case
def pad_reflect_then_conv(b: Builder):
    y = b.node("Pad", b.input(1, 3, 6, 5), b.ints(0, 0, 1, 2, 0, 0, 1, 2), mode="reflect")
    return b.convolution(y, 3, 4, (3, 3))


@case
def reduce_max_pixels(b: Builder):
    return b.node("ReduceMax", b.input(1, 3, 4, 5), axes=[2, 3], keepdims=0)


@case
def reduce_max_opset_18(b: Builder):
    b.opset = 18
    return b.node("ReduceMax", b.input(1, 3, 4, 5), b.ints(1), keepdims=1)


@case
def reduce_min_rows(b: Builder):
    return b.node("ReduceMin", b.input(2, 7, 3), axes=[1])


@case
def reduce_l2_normalises(b: Builder):
    x = b.input(1, 4, 19)
    return b.node("Div", x, b.node("ReduceL2", x, axes=[-1], keepdims=1))


@case
def reduce_l2_of_pixels(b: Builder):
    """ConvNeXt V2's global response: the norm over the pixels of each channel."""
    y = b.convolution(b.input(1, 3, 5, 6), 3, 4, (3, 3))
    return b.node("Mul", y, b.node("ReduceL2", y, axes=[2, 3], keepdims=1))


@case
def reduce_l1_prod_squares(b: Builder):
    x = b.input(1, 3, 4, low=-1.5, high=1.5)
    parts = [
        b.node("ReduceL1", x, axes=[2]),
        b.node("ReduceProd", x, axes=[2]),
        b.node("ReduceSumSquare", x, axes=[2]),
        b.node("ReduceLogSumExp", x, axes=[2]),
    ]
    return b.node("Concat", *parts, axis=2)


@case
def reduce_mean_middle(b: Builder):
    return b.node("ReduceMean", b.input(2, 3, 4, 5, 2), axes=[1, 3])


@case
def softmax_middle_axis(b: Builder):
    return b.node("Softmax", b.input(2, 5, 3, 4), axis=1)


@case
def log_softmax(b: Builder):
    return b.node("LogSoftmax", b.input(2, 9), axis=-1)


@case
def softplus_mish_log(b: Builder):
    x = b.input(1, 40, low=-8, high=8)
    soft = b.node("Softplus", x)
    mish = b.node("Mul", x, b.node("Tanh", soft))
    return b.node("Concat", soft, mish, b.node("Log", b.node("Add", soft, b.constant(0.5))), axis=1)


@case
def mish_opset_18(b: Builder):
    b.opset = 18
    return b.node("Mish", b.input(1, 40, low=-8, high=8))


@case
def rounding_functions(b: Builder):
    x = b.input(1, 40, low=-3, high=3)
    return b.node("Concat", *(b.node(f, x) for f in ("Floor", "Ceil", "Round", "Sign", "Sin", "Cos", "Softsign")), axis=1)


@case
def thresholded_and_continuous_relu(b: Builder):
    x = b.input(1, 40)
    return b.node("Concat", b.node("ThresholdedRelu", x, alpha=0.7), b.node("Celu", x, alpha=1.5), axis=1)


@case
def power_of_tensor(b: Builder):
    return b.node("Pow", b.input(1, 20, low=0.1, high=3), b.weight(20, low=-2, high=2.5))


@case
def power_odd_exponents(b: Builder):
    x = b.input(1, 20)
    return b.node("Concat", b.node("Pow", x, b.constant(5.0)), b.node("Pow", b.node("Abs", x), b.constant(1.7)), axis=1)


@case
def where_greater(b: Builder):
    x = b.input(1, 3, 8)
    return b.node("Where", b.node("Greater", x, b.constant(0.25)), x, b.weight(3, 1))


@case
def where_constant_mask(b: Builder):
    mask = b.constant(np.tril(np.ones((5, 5), dtype=bool)))
    return b.node("Softmax", b.node("Where", mask, b.input(1, 2, 5, 5), b.constant(-1e9)), axis=-1)


@case
def logic_of_comparisons(b: Builder):
    x, y = b.input(1, 12), b.input(1, 12)
    inside = b.node("And", b.node("Less", x, y), b.node("Not", b.node("GreaterOrEqual", b.node("Abs", y), b.constant(1.0))))
    either = b.node("Or", inside, b.node("LessOrEqual", x, b.constant(-1.0)))
    return b.node("Mul", b.node("Cast", either, to=1), b.node("Add", x, b.constant(3.0)))


@case
def local_response_normalization(b: Builder):
    y = b.convolution(b.input(1, 3, 5, 4), 3, 7, (1, 1))
    return b.node("LRN", y, size=5, alpha=0.3, beta=0.75, bias=1.5)


@case
def lp_pool(b: Builder):
    return b.node("LpPool", b.input(1, 3, 7, 6), kernel_shape=[3, 2], strides=[2, 2], p=2)


@case
def global_lp_pool(b: Builder):
    return b.node("GlobalLpPool", b.input(1, 3, 7, 6), p=2)


@case
def einsum_attention(b: Builder):
    scores = b.node("Einsum", b.input(1, 5, 2, 4), b.input(1, 6, 2, 4), equation="bqhd,bkhd->bhqk")
    return b.node("Einsum", b.node("Softmax", scores, axis=-1), b.input(1, 6, 2, 3), equation="bhqk,bkhd->bqhd")


@case
def einsum_with_weight(b: Builder):
    return b.node("Einsum", b.input(1, 3, 4, 5), b.weight(3, 7), equation="nchw,co->nohw")


@case
def einsum_sums(b: Builder):
    return b.node("Einsum", b.input(3, 4, 5), b.input(4, 2), equation="ijk,jl->il")


@case
def einsum_implicit(b: Builder):
    return b.node("Einsum", b.input(3, 4), b.input(4, 5), equation="ij, jk")


@case
def attention_with_reordered_axes(b: Builder):
    """Windows as Swin cuts them: normalisation between reshapes and transposes of rank 6."""
    b.opset = 17
    y = b.node("Reshape", b.input(1, 4, 6, 8), b.ints(1, 2, 2, 3, 2, 8))
    y = b.node("Transpose", y, perm=[0, 1, 3, 2, 4, 5])
    y = b.node("LayerNormalization", y, b.weight(8), b.weight(8))
    y = b.node("Reshape", y, b.ints(6, 4, 8))
    return b.node("MatMul", y, b.weight(8, 3))


@case
def operators_on_constants(b: Builder):
    """A weight that the file computes with operators that have no folding rule."""
    kernel = b.node("Softmax", b.weight(4, 3, 2, 2), axis=1)
    return b.node("Conv", b.input(1, 3, 5, 4), kernel, kernel_shape=[2, 2])


@case
def positions_of_sines(b: Builder):
    ramp = b.node("CumSum", b.constant(np.ones((1, 6, 4), dtype=np.float32)), b.constant(np.array(1, dtype=np.int64)))
    return b.node("Add", b.input(1, 6, 4), b.node("Add", b.node("Sin", ramp), b.node("Cos", ramp)))


@case
def rms_normalization_decomposed(b: Builder):
    x = b.input(1, 4, 21)
    square = b.node("ReduceMean", b.node("Pow", x, b.constant(2.0)), axes=[-1])
    inverse = b.node("Reciprocal", b.node("Sqrt", b.node("Add", square, b.constant(1e-5))))
    return b.node("Mul", b.node("Mul", x, inverse), b.weight(21))


@case
def branches_of_repvgg(b: Builder):
    """Three branches as RepVGG trains them: 3x3, 1x1 and a normalisation of the input itself."""
    x = b.input(1, 4, 6, 5)
    identity = b.node("BatchNormalization", x, b.weight(4, low=0.5), b.weight(4), b.weight(4), b.weight(4, low=0.5, high=2))
    wide = b.convolution(x, 4, 4, (3, 3), pads=[1, 1, 1, 1])
    y = b.node("Add", b.node("Add", wide, b.convolution(x, 4, 4, (1, 1))), identity)
    return b.node("Relu", y)


@case
def branches_of_mobileone(b: Builder):
    """Depthwise branches with a stride, the smaller one first."""
    x = b.input(1, 4, 7, 7)
    narrow = b.convolution(x, 4, 4, (1, 1), group=4, strides=[2, 2])
    wide = b.convolution(x, 4, 4, (3, 3), group=4, strides=[2, 2], pads=[1, 1, 1, 1])
    return b.node("Add", narrow, b.node("Add", wide, b.convolution(x, 4, 4, (3, 3), group=4, strides=[2, 2], pads=[1, 1, 1, 1])))


@case
def branches_that_differ(b: Builder):
    """Sums of convolutions that must stay apart: other inputs, other strides, a result that somebody else reads."""
    x, z = b.input(1, 4, 6, 6), b.input(1, 4, 6, 6)
    y = b.node("Add", b.convolution(x, 4, 4, (3, 3), pads=[1, 1, 1, 1]), b.convolution(z, 4, 4, (3, 3), pads=[1, 1, 1, 1]))
    shared = b.convolution(x, 4, 4, (1, 1))
    y = b.node("Add", y, b.node("Add", shared, b.convolution(x, 4, 4, (3, 3), pads=[1, 1, 1, 1])))
    return b.node("Mul", y, shared)


@case
def attention_opset_23(b: Builder):
    b.opset = 23
    q, k, v = b.input(1, 5, 8), b.input(1, 6, 8), b.input(1, 6, 8)
    return b.node("Attention", q, k, v, q_num_heads=2, kv_num_heads=2, is_causal=1)


@case
def input_is_an_output(b: Builder):
    x = b.input(1, 3, 4)
    return [b.node("Relu", x), b.node("Identity", x)]
