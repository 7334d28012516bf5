"""Output of the blocks that do not learn, computed once for some augmentations of every view: training then costs a quarter."""

import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

import augment
import student


@torch.inference_mode()
def outputs(
    trunk: nn.Module, pixels: np.ndarray, count: int, variants: int, side: int, seed: int, colour: float, path: Path
) -> np.ndarray:
    """float16 [variants, count, channels, h, w], kept at `path`; variant v of view r is augmented as (seed, v, r's chunk) draws it.

    Interrupted, it goes on where it was: chunks not yet computed hold NaN in their last value.
    """
    device = next(trunk.parameters()).device
    shape = trunk(torch.zeros(1, 3, side, side, device=device)).shape[1:]
    if not path.exists():
        fresh = np.lib.format.open_memmap(path, "w+", np.float16, (variants, count, *shape))
        fresh.reshape(variants, count, -1)[:, :, -1] = np.nan
        fresh.flush()
    kept = np.load(path, mmap_mode="r+")
    if kept.shape != (variants, count, *shape):
        raise SystemExit(f"{path}: made for other views or blocks; remove it")
    start, size = time.time(), 64
    for v in range(variants):
        for first in range(0, count, size):
            rows = slice(first, min(first + size, count))
            if not np.isnan(kept[v, rows.stop - 1].reshape(-1)[-1]):
                continue
            drawn = augment.draw(rows.stop - first, np.random.default_rng([seed, 550, v, first]), colour)
            x = augment.apply(student.normalized(pixels[rows]), drawn, side).to(device)
            kept[v, rows] = trunk(x).half().cpu().numpy()
            if first % (size * 80) == 0:
                print(f"trunk: variant {v}, {rows.stop}/{count} views, {time.time() - start:.0f} s", flush=True)
    return np.load(path, mmap_mode="r")
