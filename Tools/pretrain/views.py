"""Views of photos: crops, colours, blur, drawn for a whole batch at once. augment.py applies them.

The operations are SimCLR's and BYOL's (as in lightly.transforms), but drawn as one colour matrix and one affine map a photo, so
that a batch costs a few tensor operations. Contrast turns about the middle gray, and the blur is 3 x 3: at 96 pixels the width
that SimCLR's widest has at 224.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

import augment

TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
GRAY = np.ones((3, 1)) * TO_YIQ[:1]


@dataclass(frozen=True)
class Recipe:
    """How a view is drawn: shares of the photo's area, strength of colours (SimCLR's s), chances of gray, blur, inversion."""

    area: tuple[float, float] = (0.2, 1.0)
    colour: float = 1.0
    gray: float = 0.2
    blur: float = 0.5
    solarize: float = 0.0
    mirror: float = 0.5


STRONG = Recipe()
CROPPED = Recipe(colour=0, gray=0, blur=0)
MILD = Recipe(area=(0.6, 1.0), colour=0.3, gray=0, blur=0)
# BYOL's and Barlow Twins' two unequal views.
FIRST, SECOND = replace(STRONG, blur=1.0), replace(STRONG, blur=0.1, solarize=0.2)
# Multi-crop's small ones, for half the side.
LOCAL = replace(STRONG, area=(0.05, 0.3))


def draw(recipe: Recipe, count: int, rng: np.random.Generator) -> dict[str, Tensor]:
    """The parameters of `count` views, as augment.apply takes them, and which are solarized."""
    area, aspect = rng.uniform(*recipe.area, count), np.exp(rng.uniform(-1, 1, count) * np.log(4 / 3))
    sides = np.minimum(1, np.sqrt(np.stack([area * aspect, area / aspect])))
    shift = rng.uniform(-1, 1, (2, count)) * (1 - sides)
    affine = np.zeros((count, 2, 3))
    affine[:, 0, 0] = sides[0] * np.where(rng.random(count) < recipe.mirror, -1, 1)
    affine[:, 1, 1], affine[:, :, 2] = sides[1], shift.T
    strength = recipe.colour * (rng.random(count) < 0.8)
    light, contrast, saturation = (1 + 0.8 * strength * rng.uniform(-1, 1, count) for _ in range(3))
    saturation = np.where(rng.random(count) < recipe.gray, 0, saturation)[:, None, None]
    angle = 2 * np.pi * 0.2 * strength * rng.uniform(-1, 1, count)
    turn = np.zeros((count, 3, 3))
    turn[:, 0, 0] = 1
    turn[:, 1, 1] = turn[:, 2, 2] = np.cos(angle)
    turn[:, 2, 1] = np.sin(angle)
    turn[:, 1, 2] = -turn[:, 2, 1]
    hue = np.linalg.inv(TO_YIQ) @ turn @ TO_YIQ
    colour = (light * contrast)[:, None, None] * (saturation * np.eye(3) + (1 - saturation) * GRAY) @ hue
    brightness = np.repeat((light - 1)[:, None], 3, 1)
    drawn = {"affine": affine, "colour": colour, "brightness": brightness}
    chances = {"blurred": rng.random(count) < recipe.blur, "solarized": rng.random(count) < recipe.solarize}
    return {n: torch.from_numpy(v).float() for n, v in drawn.items()} | {n: torch.from_numpy(v) for n, v in chances.items()}


def view(pixels: Tensor, recipe: Recipe, side: int, rng: np.random.Generator) -> Tensor:
    """pixels [n, 3, s, s] in -1...1 -> one view of each [n, 3, side, side]."""
    drawn = {name: v.to(pixels.device) for name, v in draw(recipe, len(pixels), rng).items()}
    x = augment.apply(pixels, drawn, side)
    return torch.where(drawn["solarized"][:, None, None, None] & (x > 0), -x, x)
