"""Elementary functions, value by value."""

from .builder import Builder, case


@case
def tanh_exp_sqrt(b: Builder):
    y = b.node("Tanh", b.input(1, 5, 4, 3, low=-4, high=4))
    return b.node("Sqrt", b.node("Exp", y))


@case
def abs_neg_reciprocal(b: Builder):
    y = b.node("Add", b.node("Abs", b.node("Neg", b.input(1, 5, 4, 3))), b.constant(0.5))
    return b.node("Reciprocal", y)


@case
def rounding_functions(b: Builder):
    x = b.input(1, 40, low=-3, high=3)
    return b.node("Concat", *(b.node(f, x) for f in ("Floor", "Ceil", "Round", "Sign", "Sin", "Cos", "Softsign")), axis=1)


@case
def pow_2_and_half(b: Builder):
    return b.node("Pow", b.node("Pow", b.input(1, 5, 4, 3), b.constant(2.0)), b.constant(0.5))


@case
def power_of_tensor(b: Builder):
    return b.node("Pow", b.input(1, 20, low=0.1, high=3), b.weight(20, low=-2, high=2.5))


@case
def power_odd_exponents(b: Builder):
    x = b.input(1, 20)
    return b.node("Concat", b.node("Pow", x, b.constant(5.0)), b.node("Pow", b.node("Abs", x), b.constant(1.7)), axis=1)
