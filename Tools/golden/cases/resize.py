"""Resize in all its modes."""

from .builder import Builder, case


def resize(b: Builder, shape: list, sizes: list | None = None, scales: list | None = None, opset: int = 13, **attributes):
    b.opset = opset
    x = b.input(*shape)
    if sizes is not None:
        return b.node("Resize", x, "", "", b.ints(*sizes), **attributes)
    return b.node("Resize", x, "", b.constant(scales), **attributes)


@case
def resize_nearest_doubles(b: Builder):
    return resize(
        b,
        [1, 3, 4, 5],
        scales=[1.0, 1.0, 2.0, 2.0],
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


@case
def resize_nearest_odd(b: Builder):
    return resize(
        b,
        [1, 3, 4, 5],
        sizes=[1, 3, 7, 3],
        mode="nearest",
        coordinate_transformation_mode="half_pixel",
        nearest_mode="round_prefer_ceil",
    )


@case
def resize_linear_half_pixel(b: Builder):
    return resize(b, [1, 3, 4, 5], sizes=[1, 3, 9, 7], mode="linear", coordinate_transformation_mode="half_pixel")


@case
def resize_linear_between_convs(b: Builder):
    y = b.convolution(b.input(1, 3, 6, 5), 3, 6, (3, 3))
    y = b.node(
        "Resize", y, "", b.constant([1.0, 1.0, 2.0, 2.0]), mode="linear", coordinate_transformation_mode="pytorch_half_pixel"
    )
    return b.convolution(y, 6, 4, (3, 3))


@case
def resize_linear_align_corners(b: Builder):
    return resize(b, [1, 3, 4, 5], sizes=[1, 3, 6, 9], mode="linear", coordinate_transformation_mode="align_corners")


@case
def resize_linear_shrinks(b: Builder):
    return resize(b, [1, 2, 9, 10], sizes=[1, 2, 4, 3], mode="linear", coordinate_transformation_mode="half_pixel")


@case
def resize_cubic(b: Builder):
    return resize(
        b, [1, 2, 5, 6], sizes=[1, 2, 8, 4], mode="cubic", coordinate_transformation_mode="half_pixel", cubic_coeff_a=-0.75
    )


@case
def resize_cubic_excludes_outside(b: Builder):
    return resize(b, [1, 2, 5, 6], sizes=[1, 2, 8, 9], mode="cubic", cubic_coeff_a=-0.5, exclude_outside=1)


@case
def resize_linear_antialiased(b: Builder):
    return resize(b, [1, 2, 11, 12], sizes=[1, 2, 4, 5], opset=18, mode="linear", antialias=1)


@case
def resize_axes_opset_18(b: Builder):
    return resize(b, [1, 2, 4, 5], sizes=[8, 3], opset=18, mode="linear", axes=[2, 3])
