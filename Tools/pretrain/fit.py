"""The start of the student: MCUNet's blocks and a last map fitted by ridge regression to the three-teacher target.

    python fit.py --data ../../../shared/data/pretrain --cache /tmp/cache \
        --student ../../../shared/data/encoders/mcunet_5fps.onnx --start /tmp/edge-s/start.pt
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

import archives
import student
from export import interpolate
from target import load_target
from validation import HeldOut


@torch.inference_mode()
def pooled(network: student.Encoder, pixels: np.ndarray, rows: np.ndarray, side: int) -> np.ndarray:
    parts = []
    for part in np.array_split(rows, -(-len(rows) // 64)):
        x = student.normalized(pixels[part])
        if side != x.shape[-1]:
            x = torch.nn.functional.interpolate(x, (side, side), mode="bilinear", antialias=True)
        parts.append(network.pooled(x).numpy())
    return np.concatenate(parts)


def ridge(x: np.ndarray, y: np.ndarray, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """Weight [out, in] and bias of y from x, both centred, x scaled to a variance of 1; `penalty` relative to that variance."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    mean, middle, deviation = x.mean(0), y.mean(0), x.std(0) + 1e-6
    x = (x - mean) / deviation
    gram = x.T @ x / len(x) + penalty * np.eye(x.shape[1])
    weight = np.linalg.solve(gram, x.T @ (y - middle) / len(x)).T / deviation
    return weight, middle - weight @ mean


def read_body(path: Path, begin: Path | None, toward: float) -> Iterable[student.Block]:
    """The blocks of MCUNet's ONNX file, or of a student whose map is to be fitted anew, `toward` of the way from `begin` to it."""
    if path.suffix == ".onnx":
        return student.read_blocks(path)
    end = student.load(path)[0]
    return (interpolate(student.load(begin)[0], end, toward) if begin else end).body


def whole_squares(photos: list[archives.Photo], views: np.ndarray, count: int) -> np.ndarray:
    """Rows of up to `count` photos that training sees, which the views list in random order, as whole squares."""
    trained = [crop == 0 and not photos[photo].held_out for photo, crop in views]
    return np.flatnonzero(trained)[:count]


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", type=Path, required=True, help="folder with the training archives")
    p.add_argument("--cache", type=Path, required=True, help="folder of prepare.py")
    p.add_argument("--student", type=Path, required=True, help="mcunet_5fps.onnx, or a student that was trained")
    p.add_argument("--begin", type=Path, help="the start that the student was trained from, with --toward")
    p.add_argument("--toward", type=float, default=1.0, help="take weights at this share of the way from --begin")
    p.add_argument("--start", type=Path, required=True, help="file to write")
    p.add_argument("--width", type=int, default=128, help="of the embedding")
    p.add_argument("--side", type=int, default=128, help="input, pixels")
    p.add_argument("--penalty", type=float, default=0.03)
    p.add_argument("--views", type=int, default=100000, help="photos that the map is fitted on, at most")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    a.start.parent.mkdir(parents=True, exist_ok=True)
    photos = archives.list_photos(a.data, a.seed)
    views = archives.list_views(photos, a.seed)
    pixels = np.load(a.cache / "views.npy", mmap_mode="r")
    target = load_target(a.cache, photos, views, a.width)
    rows = whole_squares(photos, views, a.views)
    network = student.Encoder(list(read_body(a.student, a.begin, a.toward)), a.width)
    weight, bias = ridge(pooled(network, pixels, rows, a.side), target[rows], a.penalty)
    network.set_map(torch.from_numpy(weight).float(), torch.from_numpy(bias).float())
    student.save(a.start, network, a.side)
    held_out = HeldOut(photos, views, pixels)
    for name, row in held_out.score(held_out.embed(network, a.side)).items():
        print(name, row, flush=True)


if __name__ == "__main__":
    main()
