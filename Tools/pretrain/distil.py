"""Distils the teachers into all students at once: every photo that a student sees, the teachers see, too.

    python distil.py --packs /tmp/packs --models ../../models --out /tmp/distilled --minutes 8

Made for a GPU, where a step of the teachers costs less than reading their features; runs on a CPU, about 200 times slower. The
packs are pack.py's. Writes of every student NAME-start.pt and NAME-end.pt (the average of weights), and the targets of the
whole squares. The same command again resumes. Several processes: torchrun, as train.py.
"""

import argparse
import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel

import archives
import augment
import student
from augment import resized
from fit import ridge
from packs import read_packs
from teaching import Teaching
from train import Batches, losses
from validation import HeldOut

LAYOUT = torch.contiguous_format if os.environ.get("LAYOUT") == "contiguous" else torch.channels_last


@dataclass(frozen=True)
class Start:
    name: str
    file: str  # of the packs, or of the models' folder
    side: int
    width: int
    rate: float  # learning rate of weights whose channels have a root mean square of 1
    every: int = 1  # takes part in every so many steps
    dropped: tuple[int, ...] = ()  # blocks with a residual that are left out
    mean: float = student.MEAN
    std: float = student.STD


STARTS = (
    Start("edge-s", "mcunet_5fps.onnx", 128, 160, 2e-3),
    Start("edge-xs", "edge-xs/edge-xs.onnx", 66, 128, 3e-3),
    Start("edge-m", "efficientnet_lite2.onnx", 160, 256, 7e-4, 2, (19,), 127, 128),
)


def embedding(network: student.Encoder, side: int, x: Tensor) -> Tensor:
    return network(resized(x, side))


class Lesson:
    """One student with its optimizer and the average of its weights."""

    def __init__(self, start: Start, network: student.Encoder, device: torch.device, world: int) -> None:
        self.start, self.network = start, network.to(device, memory_format=LAYOUT)
        self.trained = list(self.network.parameters())
        self.average = [p.detach().clone() for p in self.trained]
        self.optimizer = torch.optim.AdamW(self.trained, lr=start.rate, weight_decay=0)
        self.parallel = DistributedDataParallel(self.network) if world > 1 else self.network
        self.steps, self.sums = 0, torch.zeros(2, device=device)

    def learn(self, x: Tensor, targets: Tensor, bank: Tensor, relation: float, temperature: float, progress: float) -> None:
        ramp = min(1, (self.steps + 1) / 100)
        self.optimizer.param_groups[0]["lr"] = self.start.rate * ramp * (0.505 + 0.495 * math.cos(math.pi * progress))
        width = self.start.width
        with torch.autocast(x.device.type, torch.bfloat16, enabled=x.is_cuda):
            z = self.parallel(resized(x, self.start.side).contiguous(memory_format=LAYOUT))
        cosine, kept = losses(
            z.float(), functional.normalize(targets[:, :width], dim=1), functional.normalize(bank[:, :width], dim=1), temperature
        )
        self.optimizer.zero_grad()
        (cosine + relation * kept).backward()
        nn.utils.clip_grad_norm_(self.trained, 1)
        self.optimizer.step()
        self.steps += 1
        with torch.no_grad():
            torch._foreach_lerp_(self.average, self.trained, 1 - min(0.999, (1 + self.steps) / (10 + self.steps)))
        self.sums += torch.stack([cosine.detach(), kept.detach()])

    def state(self) -> dict[str, object]:
        weights = [p.detach() for p in self.trained]
        return {"weights": weights, "average": self.average, "optimizer": self.optimizer.state_dict(), "steps": self.steps}

    @torch.no_grad()
    def restore(self, kept: dict) -> None:
        self.optimizer.load_state_dict(kept["optimizer"])
        self.steps = kept["steps"]
        for own, saved in ((self.trained, kept["weights"]), (self.average, kept["average"])):
            for p, v in zip(own, saved, strict=True):
                p.copy_(v)

    def averaged(self, path: Path) -> student.Encoder:
        """Writes the average of weights as a student and reads it back."""
        student.save(path, self.network, self.start.side, dict(zip(self.trained, self.average, strict=True)))
        return student.load(path)[0].to(self.average[0].device, memory_format=LAYOUT)


class Room:
    """The photos on the device, and what is computed of all of them."""

    def __init__(self, photos: list[archives.Photo], pixels: np.ndarray, device: torch.device) -> None:
        self.photos, self.device = photos, device
        self.pixels = torch.from_numpy(pixels).to(device)
        self.views = np.stack([np.arange(len(photos)), np.zeros(len(photos), np.int64)], 1)
        self.trained = np.flatnonzero([not p.held_out for p in photos])
        self.held_out = HeldOut(photos, self.views, pixels)

    def squares(self, rows: np.ndarray) -> Tensor:
        x = self.pixels[torch.from_numpy(np.asarray(rows)).to(self.device)].permute(0, 3, 1, 2).float()
        return (x - student.MEAN).div_(student.STD).contiguous(memory_format=LAYOUT)

    @torch.inference_mode()
    def of_all(self, function: Callable[[Tensor], Tensor], rows: np.ndarray) -> Tensor:
        parts = np.array_split(rows, -(-len(rows) // (512 if self.device.type == "cuda" else 32)))
        with torch.autocast(self.device.type, torch.float16, enabled=self.device.type == "cuda"):
            return torch.cat([function(self.squares(part)).float() for part in parts])

    def fit_map(self, network: student.Encoder, side: int, targets: Tensor, penalty: float = 0.03) -> None:
        """The ridge regression of the targets on the means of the last channels, over the whole squares that training sees."""
        x = self.of_all(lambda x: network.pooled(resized(x, side)), self.trained).cpu().numpy()
        y = functional.normalize(targets[:, : network.width], dim=1).cpu().numpy()
        weight, bias = ridge(x, y, penalty)
        network.set_map(torch.from_numpy(weight).float(), torch.from_numpy(bias).float())
        network.to(self.device, memory_format=LAYOUT)

    def score(self, embed: Callable[[Tensor], Tensor], count: int) -> dict[str, list[float]]:
        """Few-shot accuracy on the held-out folders, of `count` episodes; nothing for none."""
        if count == 0:
            return {}
        embeddings = self.of_all(embed, self.held_out.rows)
        return self.held_out.score(embeddings.cpu().numpy(), count)


def read_start(start: Start, packs: Path, models: Path) -> student.Encoder:
    path = packs / start.file
    blocks = student.read_blocks(path if path.exists() else models / start.file)
    kept = [b for i, b in enumerate(blocks) if i not in start.dropped]
    return student.Encoder(kept, start.width, start.mean, start.std)


def mixed(x: Tensor, rng: np.random.Generator, share: float) -> Tensor:
    """A share of the photos, each with up to half of the next one over it."""
    weight = np.where(rng.random(len(x)) < share, rng.uniform(0, 0.5, len(x)), 0)
    return x.lerp(x.roll(1, 0), torch.from_numpy(weight).float().to(x.device)[:, None, None, None])


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--packs", type=Path, required=True, help="folder of pack.py")
    p.add_argument("--models", type=Path, default=Path(__file__).resolve().parents[2] / "models")
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--only", nargs="*", help="names of the students (default: all)")
    p.add_argument("--steps", type=int, default=4000)
    p.add_argument("--minutes", type=float, help="ends the training early, the learning rate with it")
    p.add_argument("--batch", type=int, default=256)
    p.add_argument("--rate", type=float, default=1.0, help="times the students' learning rates")
    p.add_argument("--relation", type=float, default=0.5, help="weight of the loss on similarities to other photos")
    p.add_argument("--temperature", type=float, default=0.07)
    p.add_argument("--mixed", type=float, default=0.25, help="share of photos that another one lies over")
    p.add_argument("--episodes", type=int, default=300)
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


def main() -> None:
    a = arguments()
    if a.minutes and "WORLD_SIZE" in os.environ:
        raise SystemExit("--minutes is for one process: several would not stop at the same step")
    began = time.time()
    torch.manual_seed(a.seed)
    world = int(os.environ.get("WORLD_SIZE", 1))
    if world > 1:
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    rank = dist.get_rank() if world > 1 else 0
    device = torch.device("cuda", rank % torch.cuda.device_count()) if torch.cuda.is_available() else torch.device("cpu")
    torch.backends.cudnn.benchmark = True
    a.out.mkdir(parents=True, exist_ok=True)

    def say(**row: object) -> None:
        if rank == 0:
            print(json.dumps({"seconds": round(time.time() - began)} | row), flush=True)
            with open(a.out / "log.jsonl", "a") as f:
                f.write(json.dumps(row) + "\n")

    photos, pixels = read_packs(a.packs)
    room = Room(photos, pixels, device)
    say(photos=len(photos), trained=len(room.trained))
    teaching = Teaching(a.packs).to(device, memory_format=LAYOUT).eval()
    if device.type == "cuda":
        teaching.networks.half()
    features = room.of_all(teaching.features, room.trained)
    starts = [s for s in STARTS if not a.only or s.name in a.only]
    teaching.find_axes(features, max(s.width for s in starts))
    whole = teaching.targets(features)
    say(target=room.score(lambda x: teaching.targets(teaching.features(x))[:, :160], a.episodes))

    batches = Batches(photos, room.views, a.batch, a.seed)
    place = np.full(len(photos), -1)
    place[room.trained] = np.arange(len(room.trained))
    bank = whole[torch.from_numpy(place[batches.bank(4096)]).to(device)]
    lessons = []
    for start in starts:
        path = a.out / f"{start.name}-start.pt"
        if not path.exists() and rank == 0:
            network = read_start(start, a.packs, a.models).to(device, memory_format=LAYOUT)
            room.fit_map(network, start.side, whole)
            student.save(path, network, start.side)
            say(student=start.name, start=room.score(partial(embedding, network, start.side), a.episodes))
        if world > 1:
            dist.barrier()
        lessons.append(Lesson(start, student.load(path)[0], device, world))

    step, spent, kept_at = 0, 0.0, a.out / "checkpoint.pt"
    if kept_at.exists():
        kept = torch.load(kept_at, map_location=device, weights_only=True)
        step, spent = kept["step"], kept["spent"]
        for lesson, state in zip(lessons, kept["lessons"], strict=True):
            lesson.restore(state)
        say(resumed=step)
    mark, counted = time.time(), 0
    progress = 0.0
    while progress < 1:
        taken = spent + time.time() - mark
        progress = max((step + 1) / a.steps, taken / (60 * a.minutes) if a.minutes else 0)
        rows, _ = batches.rows(step)
        rng = np.random.default_rng([a.seed, 700, step])
        drawn = augment.draw(len(rows), rng, 1.3, least_zoom=0.5, stretch=0.3)
        with torch.inference_mode():
            x = augment.apply(room.squares(rows), {n: v.to(device) for n, v in drawn.items()}, archives.SIDE)
            x = mixed(x, rng, a.mixed)[rank::world].contiguous(memory_format=LAYOUT)
            with torch.autocast(device.type, torch.float16, enabled=device.type == "cuda"):
                found = teaching.features(x)
            targets = teaching.targets(found)
        x, targets = x.clone(), targets.clone()  # no longer inference tensors
        for lesson in lessons:
            if step % lesson.start.every == 0:
                lesson.learn(x, targets, bank, a.relation, a.temperature, progress)
        step, counted = step + 1, counted + 1
        if rank == 0 and (step % 100 == 0 or progress >= 1):
            row: dict[str, object] = {"step": step, "progress": round(progress, 3)}
            for lesson in lessons:
                row[lesson.start.name] = (lesson.sums * lesson.start.every / counted).tolist()
                lesson.sums.zero_()
            spent, mark, counted = spent + time.time() - mark, time.time(), 0
            say(**row, per_second=round(step * a.batch / spent))
            if step % 500 == 0 or progress >= 1:
                kept = {"step": step, "spent": spent, "lessons": [lesson.state() for lesson in lessons]}
                torch.save(kept, kept_at.with_suffix(".part"))
                kept_at.with_suffix(".part").replace(kept_at)
    if rank == 0:
        for lesson in lessons:
            name, side = lesson.start.name, lesson.start.side
            network = lesson.averaged(a.out / f"{name}-end.pt")
            say(student=name, end=room.score(partial(embedding, network, side), a.episodes))
        np.save(a.out / "targets.npy", whole[:, :160].half().cpu().numpy())
    if world > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
