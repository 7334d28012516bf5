"""What the student learns: three teachers' features in common axes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

import archives
from episodes import unit
from teachers import TEACHERS


def blocks(count: int, size: int = 4096) -> Iterator[slice]:
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def side_by_side(cache: Path, rows: slice, weights: tuple[float, ...]) -> np.ndarray:
    """The weighted teachers' features of some views, float32 [n, sum of widths]; a weight of 0 leaves a teacher out."""
    parts = [
        unit(np.load(cache / f"teacher_{i}.npy", mmap_mode="r")[rows].astype(np.float32)) * np.float32(w)
        for i, w in enumerate(weights)
        if w
    ]
    return np.concatenate(parts, 1)


def principal_axes(cache: Path, trained: np.ndarray, width: int, weights: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Mean [d] and scaled axes [d, width] over the views of `trained` (a mask)."""
    total, moment, count = 0.0, 0.0, int(trained.sum())
    for rows in blocks(len(trained)):
        x = side_by_side(cache, rows, weights)[trained[rows]]
        total, moment = total + x.sum(0, np.float64), moment + (x.T @ x).astype(np.float64)
    mean = total / count
    values, vectors = np.linalg.eigh(moment / count - np.outer(mean, mean))
    values, vectors = values[::-1][:width], vectors[:, ::-1][:, :width]
    signs = np.sign(vectors[np.abs(vectors).argmax(0), np.arange(width)])
    return mean.astype(np.float32), (vectors * signs / values**0.25).astype(np.float32)


def load_target(
    cache: Path,
    photos: list[archives.Photo],
    views: np.ndarray,
    width: int,
    weights: tuple[float, ...] = tuple(t.weight for t in TEACHERS),
) -> np.ndarray:
    """The target of every view, float32 [views, width], of length one; computed at the first call and kept in the cache.

    The teachers' l2-normalised features side by side (each times its weight), centred, in their first principal axes, each divided
    by the root of its singular value: half of a whitening. Axes are those of the whole squares that training sees.
    """
    name = f"target_{width}_" + "_".join(f"{w:g}" for w in weights)
    path = cache / f"{name}.npy"
    if not path.exists():
        trained = np.array([crop == 0 and not photos[photo].held_out for photo, crop in views])
        mean, axes = principal_axes(cache, trained, width, weights)
        values = np.concatenate([unit((side_by_side(cache, rows, weights) - mean) @ axes) for rows in blocks(len(views))])
        part = cache / f"{name}.part.npy"
        np.save(part, values.astype(np.float16))
        part.replace(path)
    return np.load(path).astype(np.float32)
