"""BatchNormalization, folded and alone."""

from .builder import Builder, case


def batch_normalization(b: Builder, x: str, channels: int, **attributes) -> str:
    return b.node(
        "BatchNormalization",
        x,
        b.weight(channels, low=0.4, high=2),
        b.weight(channels),
        b.weight(channels),
        b.weight(channels, low=0.2, high=3),
        **attributes,
    )


@case
def batch_normalization_alone(b: Builder):
    return batch_normalization(b, b.input(1, 5, 4, 3), 5)


@case
def batch_normalization_epsilon(b: Builder):
    return batch_normalization(b, b.input(1, 5, 4, 3), 5, epsilon=0.3)


@case
def batch_normalization_after_conv(b: Builder):
    y = b.convolution(b.input(1, 3, 6, 5), 3, 5, (3, 3), pads=[1, 1, 1, 1])
    return b.node("Relu", batch_normalization(b, y, 5))


@case
def batch_normalization_after_conv_no_bias(b: Builder):
    y = b.convolution(b.input(1, 3, 6, 5), 3, 5, (3, 3), bias=False)
    return batch_normalization(b, y, 5, epsilon=1e-3)


@case
def batch_normalization_after_depthwise(b: Builder):
    y = b.convolution(b.input(1, 6, 6, 5), 6, 6, (3, 3), group=6, bias=False)
    return b.node("Clip", batch_normalization(b, y, 6), b.constant(0.0), b.constant(6.0))


@case
def batch_normalization_after_shared_conv(b: Builder):
    y = b.convolution(b.input(1, 3, 6, 5), 3, 5, (3, 3))
    return b.node("Add", batch_normalization(b, y, 5), y)


@case
def batch_normalization_before_conv(b: Builder):
    y = b.node("Relu", batch_normalization(b, b.input(1, 3, 6, 5), 3))
    return b.convolution(y, 3, 5, (3, 3), pads=[1, 1, 1, 1])


@case
def batch_normalization_after_gemm(b: Builder):
    y = b.node("Gemm", b.input(1, 9), b.weight(5, 9), b.weight(5), transB=1)
    return batch_normalization(b, y, 5)


@case
def batch_normalization_after_concat(b: Builder):
    y = b.node("Concat", b.input(1, 2, 4, 3), b.input(1, 3, 4, 3), axis=1)
    return batch_normalization(b, y, 5)


@case
def weight_standardisation(b: Builder):
    """timm's StdConv2d: the filters are normalised, each over its own elements, as a batch of one."""
    b.opset = 15
    filters = b.node("Reshape", b.weight(4, 3, 3, 3), b.ints(1, 4, -1))
    filters = b.node(
        "BatchNormalization",
        filters,
        b.weight(4, low=0.5),
        b.constant([0.0] * 4),
        b.constant([0.0] * 4),
        b.constant([1.0] * 4),
        outputs=3,
        epsilon=1e-6,
        training_mode=1,
    )[0]
    return b.node("Conv", b.input(1, 3, 5, 4), b.node("Reshape", filters, b.ints(4, 3, 3, 3)))


@case
def local_response_normalization(b: Builder):
    y = b.convolution(b.input(1, 3, 5, 4), 3, 7, (1, 1))
    return b.node("LRN", y, size=5, alpha=0.3, beta=0.75, bias=1.5)


@case
def rms_normalization_decomposed(b: Builder):
    x = b.input(1, 4, 21)
    square = b.node("ReduceMean", b.node("Pow", x, b.constant(2.0)), axes=[-1])
    inverse = b.node("Reciprocal", b.node("Sqrt", b.node("Add", square, b.constant(1e-5))))
    return b.node("Mul", b.node("Mul", x, inverse), b.weight(21))
