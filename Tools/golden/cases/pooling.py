"""MaxPool, AveragePool, global pooling and ReduceMean over height and width."""

from .builder import Builder, case


@case
def max_pool(b: Builder):
    return b.node("MaxPool", b.input(1, 5, 6, 5), kernel_shape=[2, 2], strides=[2, 2])


@case
def max_pool_3x3_padded(b: Builder):
    return b.node("MaxPool", b.input(1, 5, 8, 7, low=-3, high=-1), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])


@case
def max_pool_ceil(b: Builder):
    return b.node("MaxPool", b.input(1, 5, 8, 7), kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)


@case
def max_pool_ceil_padded(b: Builder):
    return b.node(
        "MaxPool", b.input(1, 3, 7, 6, low=-3, high=-1), kernel_shape=[3, 2], strides=[3, 2], pads=[1, 0, 1, 1], ceil_mode=1
    )


@case
def max_pool_asymmetric_pads(b: Builder):
    return b.node("MaxPool", b.input(1, 3, 6, 5), kernel_shape=[3, 3], pads=[0, 2, 1, 0])


@case
def max_pool_dilated(b: Builder):
    return b.node("MaxPool", b.input(1, 3, 8, 7), kernel_shape=[3, 2], dilations=[2, 3])


@case
def max_pool_same_upper(b: Builder):
    return b.node("MaxPool", b.input(1, 3, 7, 6), kernel_shape=[3, 2], strides=[2, 2], auto_pad="SAME_UPPER")


@case
def max_pool_stride_1_default(b: Builder):
    return b.node("MaxPool", b.input(1, 3, 5, 4), kernel_shape=[2, 3])


@case
def average_pool(b: Builder):
    return b.node("AveragePool", b.input(1, 5, 6, 5), kernel_shape=[2, 2], strides=[2, 2])


@case
def average_pool_padded(b: Builder):
    return b.node("AveragePool", b.input(1, 5, 6, 5), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])


@case
def average_pool_count_include_pad(b: Builder):
    return b.node("AveragePool", b.input(1, 5, 6, 5), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1)


@case
def average_pool_ceil(b: Builder):
    return b.node("AveragePool", b.input(1, 3, 8, 7), kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)


@case
def average_pool_asymmetric_pads(b: Builder):
    return b.node("AveragePool", b.input(1, 3, 6, 5), kernel_shape=[3, 2], pads=[0, 1, 2, 0])


@case
def average_pool_same_lower(b: Builder):
    return b.node("AveragePool", b.input(1, 3, 7, 6), kernel_shape=[2, 3], strides=[2, 2], auto_pad="SAME_LOWER")


@case
def average_pool_same_upper_count_include_pad(b: Builder):
    return b.node(
        "AveragePool", b.input(1, 3, 7, 6), kernel_shape=[2, 3], strides=[2, 2], auto_pad="SAME_UPPER", count_include_pad=1
    )


@case
def average_pool_whole_input(b: Builder):
    return b.node("AveragePool", b.input(1, 5, 4, 3), kernel_shape=[4, 3])


@case
def global_average_pool(b: Builder):
    return b.node("GlobalAveragePool", b.input(1, 5, 7, 6))


@case
def global_max_pool(b: Builder):
    return b.node("GlobalMaxPool", b.input(1, 5, 4, 3, low=-3, high=-1))


@case
def reduce_mean_keep(b: Builder):
    return b.node("ReduceMean", b.input(1, 5, 4, 3), axes=[2, 3], keepdims=1)


@case
def reduce_mean_drop(b: Builder):
    return b.node("ReduceMean", b.input(1, 5, 4, 3), axes=[-1, -2], keepdims=0)


@case
def reduce_mean_axes_input(b: Builder):
    b.opset = 18
    return b.node("ReduceMean", b.input(1, 5, 4, 3), b.ints(2, 3), keepdims=0)


@case
def max_pool_1d(b: Builder):
    return b.node("MaxPool", b.input(1, 3, 9), kernel_shape=[3], strides=[2], ceil_mode=1)


@case
def global_average_pool_1d(b: Builder):
    return b.node("GlobalAveragePool", b.input(1, 5, 7))


@case
def lp_pool(b: Builder):
    return b.node("LpPool", b.input(1, 3, 7, 6), kernel_shape=[3, 2], strides=[2, 2], p=2)


@case
def global_lp_pool(b: Builder):
    return b.node("GlobalLpPool", b.input(1, 3, 7, 6), p=2)
