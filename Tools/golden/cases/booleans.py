"""Booleans and integers that are computed: masks, logic, casts."""

import numpy as np

from .builder import Builder, case


def scores(b: Builder) -> tuple[str, str]:
    """Tokens, and scores of each pair of them that are large for a token with itself."""
    x = b.input(1, 1, 4, 8)
    products = b.node("MatMul", x, b.node("Transpose", x, perm=[0, 1, 3, 2]))
    return x, b.node("Add", products, b.constant(100 * np.eye(4, dtype=np.float32)))


def masked(b: Builder, x: str, mask: str) -> str:
    b.opset = 23
    return b.node("Attention", x, x, x, mask)


@case
def attention_mask_greater(b: Builder):
    x, s = scores(b)
    return masked(b, x, b.node("Greater", s, b.constant(0.0)))


@case
def attention_mask_not_less(b: Builder):
    x, s = scores(b)
    return masked(b, x, b.node("Not", b.node("Less", s, b.constant(0.0))))


@case
def attention_mask_cast(b: Builder):
    x, s = scores(b)
    return masked(b, x, b.node("Cast", b.node("Relu", s), to=9))


@case
def attention_mask_and(b: Builder):
    x, s = scores(b)
    return masked(b, x, b.node("And", b.node("Greater", s, b.constant(0.0)), b.constant(np.ones((4, 4), bool))))


@case
def attention_mask_moved(b: Builder):
    """The mask through a transpose, a slice and Or."""
    x, s = scores(b)
    greater = b.node("Greater", s, b.constant(0.0))
    swapped = b.node("Transpose", b.node("Transpose", greater, perm=[0, 1, 3, 2]), perm=[0, 1, 3, 2])
    wide = b.node("Concat", swapped, greater, axis=1)
    part = b.node("Slice", wide, b.ints(0), b.ints(1), b.ints(1))
    return masked(b, x, b.node("Or", part, b.constant(np.zeros((1, 1, 1, 1), bool))))


@case
def attention_mask_of_floats(b: Builder):
    x, s = scores(b)
    return masked(b, x, b.node("Mul", s, b.constant(0.01)))


@case
def exclusive_or(b: Builder):
    x, y = b.input(1, 12), b.input(1, 12)
    either = b.node("Xor", b.node("Less", x, y), b.node("Greater", x, b.constant(0.5)))
    return b.node("Cast", either, to=1)


@case
def boolean_as_integer(b: Builder):
    """Booleans become integers, are counted, and become floats."""
    x = b.input(1, 3, 5)
    ones = b.node("Cast", b.node("Greater", x, b.constant(0.0)), to=7)
    total = b.node("ReduceSum", ones, b.ints(2), keepdims=0)
    return b.node("Cast", b.node("Add", total, b.constant(2, dtype=np.int64)), to=1)
