"""Add, Sub, Mul, Div and broadcasting."""

import numpy as np

from .builder import Builder, case


@case
def add_tensors(b: Builder):
    return b.node("Add", b.input(1, 5, 4, 3), b.input(1, 5, 4, 3))


@case
def add_same_tensor(b: Builder):
    x = b.input(1, 5, 4, 3)
    return b.node("Add", x, x)


@case
def add_relu(b: Builder):
    return b.node("Relu", b.node("Add", b.input(1, 5, 4, 3), b.input(1, 5, 4, 3)))


@case
def add_scalar(b: Builder):
    return b.node("Add", b.input(1, 5, 4, 3), b.constant(0.75))


@case
def add_scalar_first(b: Builder):
    return b.node("Add", b.constant([0.75]), b.input(1, 5, 4, 3))


@case
def add_per_channel(b: Builder):
    return b.node("Add", b.input(1, 5, 4, 3), b.weight(5, 1, 1))


@case
def add_per_column(b: Builder):
    return b.node("Add", b.input(1, 5, 4, 3), b.weight(3))


@case
def add_per_row(b: Builder):
    return b.node("Add", b.input(1, 5, 4, 3), b.weight(1, 1, 4, 1))


@case
def add_per_plane(b: Builder):
    return b.node("Add", b.input(1, 5, 4, 3), b.weight(4, 3))


@case
def add_full_constant(b: Builder):
    return b.node("Add", b.input(1, 5, 4, 3), b.weight(1, 5, 4, 3))


@case
def add_both_broadcast(b: Builder):
    return b.node("Add", b.input(1, 5, 1, 3), b.input(1, 1, 4, 3))


@case
def add_constant_widens(b: Builder):
    return b.node("Add", b.input(1, 5, 1, 1), b.weight(1, 5, 4, 3))


@case
def add_rank_2(b: Builder):
    return b.node("Add", b.input(1, 7), b.weight(7))


@case
def mul_per_channel_gate(b: Builder):
    x = b.input(1, 5, 4, 3)
    gate = b.node("Sigmoid", b.node("GlobalAveragePool", x))
    return b.node("Mul", x, gate)


@case
def mul_per_pixel_gate(b: Builder):
    return b.node("Mul", b.input(1, 1, 4, 3), b.input(1, 5, 4, 3))


@case
def mul_scalar(b: Builder):
    return b.node("Mul", b.input(1, 5, 4, 3), b.constant([[[[-1.5]]]]))


@case
def mul_square(b: Builder):
    x = b.input(1, 5, 4, 3)
    return b.node("Mul", x, x)


@case
def squeeze_and_excitation(b: Builder):
    x = b.input(1, 8, 4, 3)
    squeezed = b.node("ReduceMean", x, axes=[2, 3], keepdims=1)
    reduced = b.node("Relu", b.convolution(squeezed, 8, 3, (1, 1)))
    gate = b.node("HardSigmoid", b.convolution(reduced, 3, 8, (1, 1)), alpha=1 / 6, beta=0.5)
    return b.node("Mul", gate, x)


@case
def sub_constant(b: Builder):
    return b.node("Sub", b.input(1, 3, 4, 5), b.constant(np.float32([[[0.5]], [[0.4]], [[0.3]]])))


@case
def sub_from_constant(b: Builder):
    return b.node("Sub", b.constant(1.0), b.input(1, 3, 4, 5))


@case
def sub_tensors(b: Builder):
    return b.node("Sub", b.input(1, 3, 4, 5), b.input(1, 3, 4, 5))


@case
def div_constant(b: Builder):
    return b.node("Div", b.input(1, 3, 4, 5), b.constant(np.float32([[[0.25]], [[3]], [[-7]]])))


@case
def normalise_then_conv(b: Builder):
    y = b.node("Sub", b.input(1, 3, 6, 5, low=0, high=1), b.constant(np.float32([0.485, 0.456, 0.406]).reshape(3, 1, 1)))
    y = b.node("Div", y, b.constant(np.float32([0.229, 0.224, 0.225]).reshape(3, 1, 1)))
    return b.convolution(y, 3, 4, (3, 3), pads=[1, 1, 1, 1])


@case
def min_max_sum_mean(b: Builder):
    x, y, z = b.input(1, 3, 4, 5), b.input(1, 3, 4, 5), b.input(1, 3, 1, 5)
    total = b.node("Sum", b.node("Max", x, y, z), b.node("Min", x, y, z), z)
    return b.node("Mean", total, x, b.weight(1, 3, 4, 1))
