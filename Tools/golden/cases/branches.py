"""Parallel branches of convolutions that become one."""

from .builder import Builder, case


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
