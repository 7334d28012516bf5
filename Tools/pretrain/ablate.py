"""What each part of the recipe brings: the start, every teacher, every group of archives, each left out in turn.

    python ablate.py --packs /tmp/packs --encoders ../../../shared/data/encoders --out /tmp/ablation

Every variant is the same short way, minutes on a CPU: teachers' features of whole squares, the map fitted by ridge regression,
`--steps` steps of settle.py. Scores are of the held-out folders, half of the way from the start and at its end. Features and
finished variants are kept: the same command again resumes.
"""

import argparse
import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

import archives
import student
from export import interpolate
from fit import pooled, ridge
from packs import read_packs
from settle import settle
from teachers import TEACHERS, Session
from teaching import find_axes
from train import Batches
from validation import HeldOut


@dataclass(frozen=True)
class Variant:
    name: str
    teachers: tuple[int, ...] = (0, 1, 2)
    takes: Callable[[archives.Archive], bool] = lambda _: True
    random_start: bool = False


VARIANTS = (
    Variant("everything"),
    Variant("without EfficientNet-Lite2", (1, 2)),
    Variant("without MobileNetV2 1.0", (0, 2)),
    Variant("without MCUNet as teacher", (0, 1)),
    Variant("without objects, nature, surfaces", takes=lambda a: not a.photographic),
    Variant("without Tiny ImageNet", takes=lambda a: a.name != "tiny_imagenet_40k"),
    Variant("objects, nature, surfaces alone", takes=lambda a: a.photographic),
    Variant("random weights instead of MCUNet's", random_start=True),
)


def features(out: Path, encoders: Path, pixels: np.ndarray) -> list[np.ndarray]:
    """Of every teacher the l2-normalised features of all whole squares, times its weight; kept in `out`."""
    found = []
    for index, teacher in enumerate(TEACHERS):
        path = out / f"features-{index}.npy"
        if not path.exists():
            session = Session(encoders, teacher)
            parts = [session.features(part) for part in np.array_split(pixels, -(-len(pixels) // 64))]
            values = np.concatenate(parts)
            values *= teacher.weight / np.linalg.norm(values, axis=1, keepdims=True)
            part = out / "features.part"
            with part.open("wb") as file:
                np.save(file, values.astype(np.float16))
            part.replace(path)
            print(f"{teacher.file}: {values.shape}", flush=True)
        found.append(np.load(path))
    return found


def begin(variant: Variant, onnx: Path, width: int, seed: int) -> student.Encoder:
    blocks = student.read_blocks(onnx)
    if variant.random_start:
        generator = torch.Generator().manual_seed(seed)
        for block in blocks:
            for layer in block.layers:
                fan = layer.weight[0].numel()
                drawn = torch.randn(layer.weight.shape, generator=generator) * (2 / fan) ** 0.5
                fresh = student.Convolution(drawn, torch.zeros(len(drawn)), layer.stride, layer.groups, layer.clip, layer.pads)
                layer.load_state_dict(fresh.state_dict())
    return student.Encoder(blocks, width)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--packs", type=Path, required=True, help="folder of pack.py")
    p.add_argument("--encoders", type=Path, required=True, help="folder with the teachers' ONNX files")
    p.add_argument("--out", type=Path, required=True, help="folder of what is kept")
    p.add_argument("--width", type=int, default=160)
    p.add_argument("--steps", type=int, default=750)
    p.add_argument("--batch", type=int, default=48)
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.set_flush_denormal(True)
    a.out.mkdir(parents=True, exist_ok=True)
    photos, pixels = read_packs(a.packs)
    parts = features(a.out, a.encoders, pixels)
    views = np.stack([np.arange(len(photos)), np.zeros(len(photos), np.int64)], 1)
    held_out = HeldOut(photos, views, pixels)

    def score(embeddings: list[np.ndarray]) -> list[float]:
        """1 and 5 shots, the mean over the held-out sets and the sizes of the photos."""
        return np.mean([held_out.score(of)["mean"] for of in embeddings], 0).round(2).tolist()

    for variant in VARIANTS:
        path = a.out / f"{variant.name}.json"
        if path.exists():
            print(path.read_text().strip(), flush=True)
            continue
        taken = [replace(q, held_out=q.held_out or not variant.takes(archives.ARCHIVES[q.archive])) for q in photos]
        trained = np.flatnonzero([not q.held_out for q in taken])
        x = torch.from_numpy(np.concatenate([parts[i] for i in variant.teachers], 1)).float()
        mean, axes = find_axes(x[trained], a.width)
        targets = functional.normalize((x - mean) @ axes, dim=1)
        network = begin(variant, a.encoders / "mcunet_5fps.onnx", a.width, a.seed)
        weight, bias = ridge(pooled(network, pixels, trained, archives.SIDE), targets[trained].numpy(), 0.03)
        network.set_map(torch.from_numpy(weight).float(), torch.from_numpy(bias).float())
        start = copy.deepcopy(network)
        batches = Batches(taken, views, a.batch, a.seed)
        average = settle(network, pixels, targets, batches, a.steps, [80, 96, 112, 128], a.lr, 0.5, 0.07, a.seed)
        with torch.no_grad():
            for weight, value in zip(network.parameters(), average, strict=True):
                weight.copy_(value)
        row = {"variant": variant.name, "photos": len(trained), "target": score([targets[held_out.rows].numpy()])}
        for toward in (0.0, 0.5, 1.0):
            between = interpolate(start, copy.deepcopy(network), toward)
            row[f"at {toward}"] = score([held_out.embed(between, size) for size in (96, 128)])
        path.write_text(json.dumps(row) + "\n")
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
