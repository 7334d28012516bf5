"""Trains a method: any of them, resumable, by steps or by minutes, with an eye on collapse."""

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

import collapse
import student
from augment import resized
from folder import Photos
from methods.method import Batch, Method

WATCHED = 256  # photos whose embeddings are watched
LARGEST_GRADIENT = 5.0


@dataclass(frozen=True)
class Budget:
    """When training ends: after `steps`, or after `minutes` of training time, over all resumptions."""

    steps: int | None
    minutes: float | None

    def progress(self, step: int, seconds: float) -> float:
        parts = [step / self.steps if self.steps else 0, seconds / (60 * self.minutes) if self.minutes else 0]
        return min(1.0, max(parts))


@dataclass(frozen=True)
class Course:
    """How it is trained. All that a checkpoint must agree in stands in `identity`."""

    out: Path
    budget: Budget
    batch: int  # of all processes
    side: int
    seed: int
    rate: float
    optimizer: str
    decay: float
    save_every: float  # seconds
    report_every: int  # steps
    identity: dict[str, str | int | float]


class Run:
    def __init__(self, method: Method, photos: Photos, labels: Tensor, course: Course) -> None:
        self.method, self.photos, self.labels, self.course = method, photos, labels, course
        self.parallel = dist.is_initialized()
        self.rank, self.processes = (dist.get_rank(), dist.get_world_size()) if self.parallel else (0, 1)
        self.device = labels.device
        method.to(self.device, memory_format=torch.channels_last)
        self.wrapped = DistributedDataParallel(method, find_unused_parameters=True) if self.parallel else method
        self.optimizer = make_optimizer(method, course)
        self.step, self.seconds = 0, 0.0
        self.path = course.out / "checkpoint.pt"
        self.steps_per_epoch = max(1, len(photos) // course.batch)
        self.order: tuple[int, np.ndarray] = (-1, np.empty(0, int))

    def clock(self) -> float:
        """Seconds: of one core where no more is used, so that other programs cost no steps; else of the wall."""
        return time.process_time() if self.device.type == "cpu" and torch.get_num_threads() == 1 else time.monotonic()

    def rows(self) -> np.ndarray:
        """This process' photos of the step: a function of seed, step and process."""
        epoch, position = divmod(self.step, self.steps_per_epoch)
        if self.order[0] != epoch:
            self.order = epoch, np.random.default_rng([self.course.seed, 1000, epoch]).permutation(len(self.photos))
        first = position * self.course.batch
        return self.order[1][first : first + self.course.batch][self.rank :: self.processes]

    def pixels(self, rows: np.ndarray) -> Tensor:
        return student.normalized(self.photos.pixels[rows]).to(self.device)

    @torch.no_grad()
    def embed(self, module: nn.Module, rows: np.ndarray | None = None) -> Tensor:
        """The module's outputs of whole photos, of all where no rows are named; nothing in it changes."""
        rows = np.arange(len(self.photos)) if rows is None else rows
        training = module.training
        module.eval()
        parts = [module(resized(self.pixels(part), self.course.side)) for part in np.array_split(rows, -(-len(rows) // 64))]
        module.train(training)
        return torch.cat(parts)

    def watch(self) -> collapse.Spread:
        rows = np.random.default_rng([self.course.seed, 1100]).permutation(len(self.photos))[:WATCHED]
        return collapse.spread(self.embed(self.method.encoder, rows))

    def save(self) -> None:
        if self.rank:
            return
        kept = {"identity": self.course.identity, "step": self.step, "seconds": self.seconds}
        torch.save(
            kept | {"method": self.method.state_dict(), "optimizer": self.optimizer.state_dict()}, self.path.with_suffix(".part")
        )
        self.path.with_suffix(".part").replace(self.path)

    def resume(self) -> bool:
        if not self.path.exists():
            return False
        try:
            kept = torch.load(self.path, map_location=self.device, weights_only=True)
            was = kept["identity"]
        except Exception as error:
            raise SystemExit(f"{self.path}: not readable as a checkpoint ({error}); remove it to begin anew") from error
        for name, now in self.course.identity.items():
            if was.get(name) != now:
                raise SystemExit(
                    f"{self.path}: of another run, with {name} {was.get(name)} where this one has {now}; "
                    "give another --out, or remove the file"
                )
        self.method.load_state_dict(kept["method"])
        self.optimizer.load_state_dict(kept["optimizer"])
        self.step, self.seconds = kept["step"], kept["seconds"]
        return True

    def learn(self, progress: float) -> float:
        """One step; its loss."""
        seed = [self.course.seed, 1200, self.step, self.rank]
        torch.manual_seed(int(np.random.default_rng(seed).integers(2**62)))
        rows = self.rows()
        for group in self.optimizer.param_groups:
            group["lr"] = self.course.rate * min(1, progress / 0.05 + 1e-2) * (0.505 + 0.495 * math.cos(math.pi * progress))
        own = torch.from_numpy(rows).to(self.device)
        rng = np.random.default_rng([*seed, 1])
        fetch = lambda wanted: self.pixels(wanted.cpu().numpy())  # noqa: E731
        batch = Batch(self.pixels(rows), own, self.labels[own], rng, self.course.side, progress, fetch)
        loss = self.wrapped(batch)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.method.parameters(), LARGEST_GRADIENT)
        self.optimizer.step()
        self.method.after_step(progress)
        self.step += 1
        return float(loss.detach())

    @torch.no_grad()
    def settle(self) -> collapse.Spread:
        """Takes the statistics of batch normalisation of whole photos, which tiles or gray views have not; the spread at the end.

        The checkpoint was written before: training that goes on does so from what it was.
        """
        encoder, norms = self.method.encoder, [m for m in self.method.encoder.modules() if isinstance(m, nn.BatchNorm2d)]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the mean of all batches
        encoder.train()
        rows = np.random.default_rng([self.course.seed, 1150]).permutation(len(self.photos))[: 4 * WATCHED]
        for part in np.array_split(rows, max(1, len(rows) // 64)) if norms else ():
            encoder(resized(self.pixels(part), self.course.side))
        found = self.watch()
        self.say(f"step {self.step}, {self.seconds / 60:.1f} min: {describe(found)}")
        self.log(found, settled=True)
        return found

    def train(self) -> None:
        """Until the budget is spent."""
        course, losses = self.course, []
        self.method.train()
        first = self.watch()
        if not self.rank:
            self.say(f"{'resumed' if self.step else 'begins'} at step {self.step}: {describe(first)}")
        saved, mark, before = time.monotonic(), self.clock(), self.seconds
        began = self.step, self.seconds
        while (progress := self.shared(course.budget.progress(self.step, self.seconds))) < 1:
            epoch, position = divmod(self.step, self.steps_per_epoch)
            if position == 0:
                self.method.begin_epoch(epoch, self.embed)
            losses.append(self.learn(progress))
            if not math.isfinite(losses[-1]):
                raise SystemExit(f"step {self.step}: the loss is {losses[-1]}; lower --lr and remove {self.path}")
            self.seconds = before + self.clock() - mark
            if self.step % course.report_every == 0:
                self.report(losses, began)
                losses = []
            if time.monotonic() - saved > course.save_every:
                self.save()
                saved = time.monotonic()
        self.save()

    def shared(self, progress: float) -> float:
        """The first process' clock is everyone's."""
        if not self.parallel:
            return progress
        value = torch.tensor(progress, device=self.device, dtype=torch.float64)
        dist.broadcast(value, 0)
        return float(value)

    def report(self, losses: list[float], began: tuple[int, float]) -> None:
        if self.rank:
            return
        found = self.watch()
        mean, done = float(np.mean(losses)), self.course.budget.progress(self.step, self.seconds)
        speed = (self.seconds - began[1]) / (self.step - began[0])
        budget = self.course.budget
        left = [speed * (budget.steps - self.step)] if budget.steps else []
        left += [60 * budget.minutes - self.seconds] if budget.minutes else []
        self.say(f"step {self.step}, {100 * done:.0f} %: loss {mean:.4f}, {describe(found)}, {max(0, min(left)) / 60:.1f} min left")
        self.log(found, loss=mean)
        if found.collapsed:
            self.say(
                "WARNING: the embeddings collapse: photos can hardly be told apart any more; lower --lr, take a larger --batch "
                "or --init, or another method"
            )

    def log(self, found: collapse.Spread, **more: float | bool) -> None:
        row = {"step": self.step, "seconds": round(self.seconds, 1), "deviation": found.deviation, "rank": found.rank}
        with open(self.course.out / "log.jsonl", "a") as file:
            file.write(json.dumps(row | more) + "\n")

    @staticmethod
    def say(line: str) -> None:
        print(line, flush=True)


def describe(found: collapse.Spread) -> str:
    return f"deviation {found.deviation:.3f}, effective rank {found.rank:.1f}"


def make_optimizer(method: Method, course: Course) -> torch.optim.Optimizer:
    """Decay for matrices and kernels alone."""
    learned = [p for p in method.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in learned if p.ndim > 1], "weight_decay": course.decay},
        {"params": [p for p in learned if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if course.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=course.rate, momentum=0.9)
    return torch.optim.AdamW(groups, lr=course.rate)
