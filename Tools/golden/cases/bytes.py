"""Inputs of type uint8, which take the bytes of photos: exports for phones and NPUs."""

import numpy as np

from .builder import Builder, case

MEAN = np.array([123.675, 116.28, 103.53], np.float32)
DEVIATION = np.array([58.395, 57.12, 57.375], np.float32)


@case
def bytes_cast_and_scaled_then_transposed(b: Builder):
    x = b.node("Cast", b.bytes(1, 6, 5, 3), to=1)
    x = b.node("Div", b.node("Sub", x, b.constant(MEAN)), b.constant(DEVIATION))
    x = b.node("Transpose", x, perm=[0, 3, 1, 2])
    return b.convolution(x, 3, 4, (3, 3))


@case
def bytes_transposed_then_cast(b: Builder):
    x = b.node("Cast", b.node("Transpose", b.bytes(1, 6, 5, 3), perm=[0, 3, 1, 2]), to=1)
    x = b.node("Div", x, b.constant(255.0))
    x = b.node("Sub", x, b.constant((MEAN / 255).reshape(1, 3, 1, 1)))
    x = b.node("Div", x, b.constant((DEVIATION / 255).reshape(1, 3, 1, 1)))
    return b.convolution(x, 3, 4, (3, 3))


@case
def bytes_in_planes(b: Builder):
    x = b.node("Mul", b.node("Cast", b.bytes(1, 3, 6, 5), to=1), b.constant(1 / 255))
    return b.convolution(x, 3, 4, (3, 3))


@case
def bytes_dequantized(b: Builder):
    zero = b.constant(np.array(128, np.uint8))
    x = b.node("DequantizeLinear", b.bytes(1, 3, 6, 5), b.constant(1 / 64), zero)
    return b.convolution(x, 3, 4, (3, 3))


@case
def channels_last_wide(b: Builder):
    x = b.node("Transpose", b.input(1, 4, 7, 3), perm=[0, 3, 1, 2])
    return b.convolution(x, 3, 4, (3, 3))
