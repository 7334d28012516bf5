"""Pad in all its modes."""

from .builder import Builder, case


@case
def pad_constant(b: Builder):
    return b.node("Pad", b.input(1, 3, 4, 5), b.ints(0, 0, 1, 2, 0, 0, 0, 1), b.constant(0.5))


@case
def pad_zero_default(b: Builder):
    return b.node("Pad", b.input(1, 3, 4, 5), b.ints(0, 0, 0, 0, 0, 0, 1, 1))


@case
def pad_channels(b: Builder):
    return b.node("Pad", b.input(1, 3, 4, 5), b.ints(0, 2, 0, 0, 0, 3, 0, 0))


@case
def pad_attributes_opset_10(b: Builder):
    b.opset = 10
    return b.node("Pad", b.input(1, 3, 4, 5), pads=[0, 0, 1, 0, 0, 0, 2, 3], value=-1.0)


@case
def pad_then_conv(b: Builder):
    y = b.node("Pad", b.input(1, 3, 6, 6), b.ints(0, 0, 0, 0, 0, 0, 1, 1))
    return b.convolution(y, 3, 4, (3, 3), strides=[2, 2])


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
def pad_wrap_opset_19(b: Builder):
    b.opset = 19
    return b.node("Pad", b.input(1, 2, 4, 5), b.ints(0, 0, 1, 2, 0, 0, 3, 1), mode="wrap")


@case
def pad_reflect_then_conv(b: Builder):
    y = b.node("Pad", b.input(1, 3, 6, 5), b.ints(0, 0, 1, 2, 0, 0, 1, 2), mode="reflect")
    return b.convolution(y, 3, 4, (3, 3))
