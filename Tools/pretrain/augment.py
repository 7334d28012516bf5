"""Augmentation of photos. In train.py the teachers saw the same view without it, in distil.py they see what the student sees."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


def draw(
    count: int, rng: np.random.Generator, colour_strength: float = 1.0, least_zoom: float = 0.8, stretch: float = 0
) -> dict[str, Tensor]:
    """Parameters of `count` photos: drawn for the whole batch, so that they do not depend on the number of processes.

    A `colour_strength` of 0 leaves all but geometry and blur alone. `least_zoom` is the least share of the square's side that is
    seen, `stretch` the largest logarithm of the ratio of a crop's sides.
    """
    zoom = rng.uniform(least_zoom, 1, count)
    mirror = np.where(rng.random(count) < 0.5, -1, 1)
    bend = np.exp(rng.uniform(-0.5, 0.5, count) * stretch) if stretch else np.ones(count)
    sides = np.minimum(1, np.stack([zoom * bend, zoom / bend]))
    shift = rng.uniform(-1, 1, (2, count)) * (1 - sides)
    affine = np.zeros((count, 2, 3))
    affine[:, 0, 0], affine[:, 1, 1], affine[:, :, 2] = sides[0] * mirror, sides[1], shift.T
    gray = np.ones((3, 1)) * np.array([[0.299, 0.587, 0.114]])
    saturation = np.where(rng.random(count) < 0.1 * colour_strength, 0, 1 + colour_strength * rng.uniform(-0.3, 0.3, count))[
        :, None, None
    ]
    contrast = np.exp(colour_strength * rng.uniform(-0.3, 0.3, count))[:, None, None]
    tint = np.exp(colour_strength * rng.uniform(-0.06, 0.06, (count, 3)))[:, :, None]
    colour = contrast * tint * (saturation * np.eye(3) + (1 - saturation) * gray)
    brightness = np.repeat(colour_strength * rng.uniform(-0.15, 0.15, (count, 1)), 3, 1)
    blurred = rng.random(count) < 0.06
    drawn = {"affine": affine, "colour": colour, "brightness": brightness, "blurred": blurred}
    return {name: torch.from_numpy(v) if v.dtype == bool else torch.from_numpy(v).float() for name, v in drawn.items()}


def apply(x: Tensor, drawn: dict[str, Tensor], side: int) -> Tensor:
    """[n, 3, s, s] in -1...1 -> [n, 3, side, side]: zoom, shift, mirror, saturation, contrast, tint, brightness, blur."""
    grid = functional.affine_grid(drawn["affine"], [len(x), 3, x.shape[2], x.shape[3]], align_corners=False)
    x = functional.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    if side != x.shape[-1]:
        x = functional.interpolate(x, (side, side), mode="bilinear", antialias=True)
    x = torch.baddbmm(drawn["brightness"][:, :, None], drawn["colour"], x.flatten(2)).view_as(x).clamp_(-1, 1)
    blurred = drawn["blurred"]
    if blurred.any():
        x[blurred] = functional.avg_pool2d(functional.pad(x[blurred], (1, 1, 1, 1), mode="replicate"), 3, 1)
    return x.contiguous(memory_format=torch.channels_last)


def resized(x: Tensor, side: int) -> Tensor:
    """x [n, 3, s, s] -> [n, 3, side, side], bilinear, smoothed where it shrinks."""
    if side == x.shape[-1]:
        return x
    return functional.interpolate(x, (side, side), mode="bilinear", antialias=side < x.shape[-1])
