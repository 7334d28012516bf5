"""Slice, Split, Gather, Tile and Expand."""

import numpy as np

from .builder import Builder, case


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
def expand(b: Builder):
    return b.node("Expand", b.input(1, 5, 1, 1), b.ints(1, 5, 3, 2))


@case
def expand_computed(b: Builder):
    return b.node("Expand", b.input(3, 1), b.ints(2, 1, 4))
