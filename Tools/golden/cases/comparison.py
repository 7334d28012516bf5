"""Comparisons, logic and Where."""

import numpy as np

from .builder import Builder, case


@case
def where_greater(b: Builder):
    x = b.input(1, 3, 8)
    return b.node("Where", b.node("Greater", x, b.constant(0.25)), x, b.weight(3, 1))


@case
def where_constant_mask(b: Builder):
    mask = b.constant(np.tril(np.ones((5, 5), dtype=bool)))
    return b.node("Softmax", b.node("Where", mask, b.input(1, 2, 5, 5), b.constant(-1e9)), axis=-1)


@case
def logic_of_comparisons(b: Builder):
    x, y = b.input(1, 12), b.input(1, 12)
    inside = b.node("And", b.node("Less", x, y), b.node("Not", b.node("GreaterOrEqual", b.node("Abs", y), b.constant(1.0))))
    either = b.node("Or", inside, b.node("LessOrEqual", x, b.constant(-1.0)))
    return b.node("Mul", b.node("Cast", either, to=1), b.node("Add", x, b.constant(3.0)))
