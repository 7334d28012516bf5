"""Reductions over any axes."""

from .builder import Builder, case


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
