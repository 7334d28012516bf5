"""Photos in tiles, and orders of tiles."""

import itertools

import numpy as np
import torch
from torch import Tensor


def tiles(x: Tensor, grid: int, size: int, rng: np.random.Generator) -> Tensor:
    """x [n, c, s, s] -> [n, grid * grid, c, size, size]: one tile of each cell, at a random place in it.

    Each tile has its own mean and deviation taken away, and a third of the photos is gray: neither brightness nor chromatic
    aberration say where a tile is from.
    """
    n, cell = len(x), x.shape[-1] // grid
    at = rng.integers(0, cell - size + 1, (2, n, grid * grid))
    row, column = at + cell * np.stack(np.divmod(np.arange(grid * grid), grid))[:, None]
    steps = torch.arange(size)
    rows = (torch.from_numpy(row)[:, :, None] + steps)[:, :, :, None]
    columns = (torch.from_numpy(column)[:, :, None] + steps)[:, :, None, :]
    gray = torch.from_numpy(rng.random(n) < 1 / 3).to(x.device)[:, None, None, None]
    x = torch.where(gray, x.mean(1, keepdim=True), x)
    cut = x[torch.arange(n, device=x.device)[:, None, None, None], :, rows.to(x.device), columns.to(x.device)].permute(
        0, 1, 4, 2, 3
    )
    mean, deviation = cut.mean((3, 4), keepdim=True), cut.std((3, 4), keepdim=True)
    return ((cut - mean) / (deviation + 0.05) / 2).clamp(-1, 1)


def embedded(encoder: torch.nn.Module, cut: Tensor) -> Tensor:
    """[n, tiles, c, s, s] -> [n, tiles, width]."""
    return encoder(cut.flatten(0, 1)).unflatten(0, cut.shape[:2])


def permutations(count: int, length: int, seed: int) -> Tensor:
    """[count, length]: orders that differ in as many places as can be found (Noroozi & Favaro 2016), of 2,000 drawn."""
    rng = np.random.default_rng([seed, 1600])
    everything = list(itertools.permutations(range(length))) if length < 7 else [rng.permutation(length) for _ in range(2000)]
    pool = np.array(everything)
    chosen = [0]
    nearest = (pool != pool[0]).sum(1)
    while len(chosen) < min(count, len(pool)):
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, (pool != pool[chosen[-1]]).sum(1))
    return torch.from_numpy(pool[chosen])
