"""Last steps of a student on sharp photos: whole squares, made smaller, with the targets that distil.py found of them.

    python settle.py --packs /tmp/packs --targets /tmp/distilled/targets.npy --start /tmp/distilled/edge-s-start.pt \
        --student /tmp/distilled/edge-s-end.pt --out /tmp/edge-s/final.pt

The archives' photos have 128 pixels, so every crop that distil.py enlarges is softer than a camera's photo, and the student
learns to see soft photos. A square that is reduced to 80 to 112 pixels is sharp. Minutes on a CPU. Written is the share of the way
from the start that has the best mean on the held-out sets, sharp (--sharp pixels) and as they are, of those shares where no set
loses more than half a point.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import student
from augment import resized
from export import interpolate
from packs import read_packs
from train import Batches, losses
from validation import HeldOut


def settle(
    network: student.Encoder,
    pixels: np.ndarray,
    targets: Tensor,
    batches: Batches,
    steps: int,
    sides: list[int],
    rate: float,
    relation: float,
    temperature: float,
    seed: int,
) -> list[Tensor]:
    """Trains all weights on whole squares of the drawn sides and returns the average of the weights along the way.

    pixels: uint8 [n, s, s, 3]; targets: [n, width] of length one, of the rows of `batches`.
    """
    bank = targets[batches.bank(4096)]
    weights = list(network.parameters())
    average = [w.detach().clone() for w in weights]
    optimizer = torch.optim.AdamW(weights, lr=rate, weight_decay=0)
    network.to(memory_format=torch.channels_last)
    sums, began = np.zeros(2), time.time()
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = rate * min(1, (step + 1) / 100) * (1 - step / steps)
        rows, _ = batches.rows(step)
        rng = np.random.default_rng([seed, 800, step])
        x = resized(student.normalized(pixels[rows]), int(rng.choice(sides)))
        x = torch.where(torch.from_numpy(rng.random(len(rows)) < 0.5)[:, None, None, None], x.flip(3), x)
        z = network(x.contiguous(memory_format=torch.channels_last))
        cosine, kept = losses(z, targets[rows], bank, temperature)
        optimizer.zero_grad()
        (cosine + relation * kept).backward()
        nn.utils.clip_grad_norm_(weights, 1)
        optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(average, weights, 1 - min(0.995, (1 + step) / (10 + step)))
        sums += [cosine.item(), kept.item()]
        if (step + 1) % 100 == 0:
            left = (time.time() - began) / (step + 1) * (steps - step - 1)
            print(f"{step + 1}: cosine {sums[0] / 100:.4f}, relation {sums[1] / 100:.4f}, {left / 60:.1f} min left", flush=True)
            sums[:] = 0
    return average


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--packs", type=Path, required=True, help="folder of pack.py")
    p.add_argument("--targets", type=Path, required=True, help="targets.npy of distil.py")
    p.add_argument("--start", type=Path, required=True, help="where distil.py began")
    p.add_argument("--student", type=Path, required=True, help="where it ended")
    p.add_argument("--out", type=Path, required=True, help="file to write")
    p.add_argument("--sides", type=int, nargs="+", default=[80, 96, 112, 128], help="pixels; one is drawn for every step")
    p.add_argument("--sharp", type=int, default=96, help="pixels at which held-out photos are sharp")
    p.add_argument("--steps", type=int, default=1500)
    p.add_argument("--batch", type=int, default=48)
    p.add_argument("--lr", type=float, default=5e-4)
    p.add_argument("--relation", type=float, default=0.5)
    p.add_argument("--temperature", type=float, default=0.07)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(a.seed)
    photos, pixels = read_packs(a.packs)
    views = np.stack([np.arange(len(photos)), np.zeros(len(photos), np.int64)], 1)
    network, side = student.load(a.student)
    place = np.full(len(photos), -1)
    trained = np.flatnonzero([not photo.held_out for photo in photos])
    place[trained] = np.arange(len(trained))
    targets = torch.from_numpy(np.load(a.targets)[:, : network.width]).float()
    targets = functional.normalize(targets, dim=1)
    batches = Batches(photos, views, a.batch, a.seed)
    average = settle(network, pixels, targets[place], batches, a.steps, a.sides, a.lr, a.relation, a.temperature, a.seed)
    a.out.parent.mkdir(parents=True, exist_ok=True)
    settled = a.out.with_suffix(".settled")
    student.save(settled, network, side, dict(zip(network.parameters(), average, strict=True)))
    held_out = HeldOut(photos, views, pixels)

    def score(toward: float) -> tuple[student.Encoder, np.ndarray, float]:
        """The network at a share of the way, its accuracies [size and set, 1 and 5 shots] and their mean."""
        between = interpolate(student.load(a.start)[0], student.load(settled)[0], toward)
        rows = [held_out.score(held_out.embed(between, size)) for size in (a.sharp, side)]
        means = [row.pop("mean") for row in rows]
        print(f"{toward}: 1 and 5 shots at {a.sharp} px {means[0]}, at {side} px {means[1]}", flush=True)
        mean = float(np.mean(means))
        return between, np.array([values for row in rows for values in row.values()]), mean

    _, begun, best = score(0)
    for toward in (0.25, 0.5, 0.7, 1.0):
        between, accuracies, mean = score(toward)
        loss = float((begun - accuracies).max())
        print(f"{toward}: mean {mean:.2f}, the worst set loses {loss:.2f}", flush=True)
        if loss <= 0.5 and mean > best:
            best = mean
            student.save(a.out, between, side)


if __name__ == "__main__":
    main()
