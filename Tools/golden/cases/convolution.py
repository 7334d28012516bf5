"""Conv, and what is folded or fused into it."""

from .builder import Builder, case


@case
def conv_3x3(b: Builder):
    return b.convolution(b.input(1, 3, 7, 6), 3, 5, (3, 3), pads=[1, 1, 1, 1])


@case
def conv_no_bias(b: Builder):
    return b.convolution(b.input(1, 3, 7, 6), 3, 5, (3, 3), bias=False)


@case
def conv_1x1(b: Builder):
    return b.convolution(b.input(1, 9, 5, 4), 9, 17, (1, 1))


@case
def conv_1x1_stride_2(b: Builder):
    return b.convolution(b.input(1, 5, 7, 6), 5, 6, (1, 1), strides=[2, 2])


@case
def conv_1x1_padded(b: Builder):
    return b.convolution(b.input(1, 3, 4, 3), 3, 4, (1, 1), pads=[1, 0, 0, 1])


@case
def conv_stride_2(b: Builder):
    return b.convolution(b.input(1, 3, 9, 8), 3, 8, (3, 3), pads=[1, 1, 1, 1], strides=[2, 2])


@case
def conv_strides_differ(b: Builder):
    return b.convolution(b.input(1, 3, 9, 8), 3, 4, (3, 2), pads=[1, 0, 1, 1], strides=[1, 3])


@case
def conv_stride_beyond_kernel(b: Builder):
    return b.convolution(b.input(1, 3, 11, 10), 3, 4, (2, 2), strides=[3, 4])


@case
def conv_even_kernel(b: Builder):
    return b.convolution(b.input(1, 2, 7, 8), 2, 3, (4, 2), pads=[1, 1, 2, 0])


@case
def conv_kernel_covers_input(b: Builder):
    return b.convolution(b.input(1, 4, 5, 3), 4, 6, (5, 3))


@case
def conv_rectangular_kernel(b: Builder):
    y = b.convolution(b.input(1, 3, 6, 7), 3, 4, (1, 5), pads=[0, 2, 0, 2])
    return b.convolution(y, 4, 3, (5, 1), pads=[2, 0, 2, 0])


@case
def conv_dilated(b: Builder):
    return b.convolution(b.input(1, 3, 9, 10), 3, 4, (3, 3), pads=[2, 3, 2, 3], dilations=[2, 3])


@case
def conv_dilated_stride_2(b: Builder):
    return b.convolution(b.input(1, 3, 11, 9), 3, 4, (3, 2), dilations=[2, 2], strides=[2, 1])


@case
def conv_asymmetric_pads(b: Builder):
    return b.convolution(b.input(1, 3, 6, 5), 3, 4, (3, 3), pads=[0, 2, 1, 0])


@case
def conv_tensorflow_pads_stride_2(b: Builder):
    return b.convolution(b.input(1, 3, 8, 8), 3, 4, (3, 3), pads=[0, 0, 1, 1], strides=[2, 2])


@case
def conv_pads_beyond_kernel(b: Builder):
    return b.convolution(b.input(1, 2, 4, 3), 2, 3, (2, 2), pads=[3, 2, 2, 3])


@case
def conv_same_upper(b: Builder):
    return b.convolution(b.input(1, 3, 8, 7), 3, 4, (3, 4), auto_pad="SAME_UPPER", strides=[2, 2])


@case
def conv_same_lower(b: Builder):
    return b.convolution(b.input(1, 3, 8, 7), 3, 4, (3, 4), auto_pad="SAME_LOWER", strides=[2, 2])


@case
def conv_same_stride_beyond_kernel(b: Builder):
    return b.convolution(b.input(1, 3, 8, 7), 3, 4, (1, 2), auto_pad="SAME_UPPER", strides=[3, 3])


@case
def conv_auto_pad_valid(b: Builder):
    return b.convolution(b.input(1, 3, 8, 7), 3, 4, (3, 3), auto_pad="VALID", strides=[2, 1])


@case
def conv_auto_pad_notset(b: Builder):
    return b.convolution(b.input(1, 3, 6, 5), 3, 4, (3, 3), auto_pad="NOTSET", pads=[1, 1, 1, 1])


@case
def conv_kernel_shape_missing(b: Builder):
    return b.node("Conv", b.input(1, 3, 6, 5), b.weight(4, 3, 3, 2), b.weight(4))


@case
def conv_groups(b: Builder):
    return b.convolution(b.input(1, 6, 6, 5), 6, 9, (3, 3), group=3, pads=[1, 1, 1, 1])


@case
def conv_groups_1x1(b: Builder):
    return b.convolution(b.input(1, 8, 5, 4), 8, 4, (1, 1), group=2, bias=False)


@case
def conv_depthwise(b: Builder):
    return b.convolution(b.input(1, 11, 7, 6), 11, 11, (3, 3), group=11, pads=[1, 1, 1, 1])


@case
def conv_depthwise_5x5_stride_2(b: Builder):
    return b.convolution(b.input(1, 5, 9, 8), 5, 5, (5, 5), group=5, pads=[2, 2, 2, 2], strides=[2, 2], bias=False)


@case
def conv_depthwise_dilated_asymmetric(b: Builder):
    return b.convolution(b.input(1, 6, 8, 9), 6, 6, (3, 2), group=6, pads=[2, 0, 1, 2], dilations=[2, 1])


@case
def conv_depthwise_multiplier_2(b: Builder):
    return b.convolution(b.input(1, 4, 6, 5), 4, 8, (3, 3), group=4, pads=[1, 1, 1, 1])


@case
def conv_many_channels(b: Builder):
    return b.convolution(b.input(1, 35, 3, 3), 35, 19, (1, 1))


@case
def conv_one_pixel(b: Builder):
    return b.convolution(b.input(1, 7, 1, 1), 7, 5, (3, 3), pads=[1, 1, 1, 1])


@case
def conv_bias_through_add(b: Builder):
    y = b.convolution(b.input(1, 3, 6, 5), 3, 4, (3, 3), bias=False)
    return b.node("Add", y, b.weight(1, 4, 1, 1))


@case
def conv_used_twice(b: Builder):
    y = b.convolution(b.input(1, 3, 6, 5), 3, 4, (3, 3))
    return b.node("Add", b.node("Relu", y), y)


@case
def conv_weight_from_constant_node(b: Builder):
    from onnx import numpy_helper

    weight = b.random.uniform(-1, 1, (4, 3, 3, 3)).astype("float32")
    return b.node("Conv", b.input(1, 3, 6, 5), b.node("Constant", value=numpy_helper.from_array(weight)))


@case
def conv_then_activations(b: Builder):
    y = b.convolution(b.input(1, 3, 6, 5), 3, 4, (3, 3), pads=[1, 1, 1, 1])
    y = b.convolution(b.node("Relu", y), 4, 4, (3, 3), pads=[1, 1, 1, 1])
    y = b.convolution(b.node("Clip", y, b.constant(0.0), b.constant(6.0)), 4, 4, (3, 3), pads=[1, 1, 1, 1])
    y = b.convolution(b.node("LeakyRelu", y, alpha=0.2), 4, 4, (3, 3), pads=[1, 1, 1, 1])
    y = b.convolution(b.node("Mul", y, b.node("Sigmoid", y)), 4, 4, (1, 1))
    return b.node("HardSigmoid", y, alpha=1 / 6, beta=0.5)


@case
def conv_1d(b: Builder):
    return b.convolution(b.input(1, 3, 9), 3, 4, (3,), pads=[1, 0], strides=[2], dilations=[2])


@case
def conv_1d_depthwise_same(b: Builder):
    return b.convolution(b.input(1, 5, 8), 5, 5, (4,), group=5, auto_pad="SAME_LOWER", strides=[3])
