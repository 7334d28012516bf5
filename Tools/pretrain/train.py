"""Distils the three teachers into the student, from the fitted start (fit.py). The same command again resumes.

    python train.py --data ../../../shared/data/pretrain --cache /tmp/cache --student /tmp/edge-s/start.pt --out /tmp/edge-s

Several processes or machines: torchrun --nproc-per-node 2 train.py ...; batches, augmentation and result are the same for any
number of processes that divides the batch, up to rounding.
"""

import argparse
import json
import math
import os
import time
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
import trunk
from target import load_target
from validation import HeldOut


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", type=Path, required=True, help="folder with the training archives")
    p.add_argument("--cache", type=Path, required=True, help="folder of prepare.py")
    p.add_argument("--student", type=Path, required=True, help="the start, of fit.py or shrink.py")
    p.add_argument("--out", type=Path, required=True, help="folder of checkpoint.pt and log.jsonl")
    p.add_argument("--steps", type=int, default=6000)
    p.add_argument("--batch", type=int, default=48, help="photos of a step, of all processes together")
    p.add_argument("--side", type=int, help="input of the student in training (default: its own)")
    p.add_argument("--lr", type=float, default=1e-3, help="of weights whose channels have a root mean square of 1")
    p.add_argument("--layers", type=int, default=99, help="how many of the last blocks are trained")
    p.add_argument("--variants", type=int, default=2, help="augmentations of a view, where the first blocks do not learn")
    p.add_argument("--colour", type=float, default=1.0, help="strength of the augmentation of colours")
    p.add_argument("--relation", type=float, default=0.0, help="weight of the loss on similarities to other photos")
    p.add_argument("--temperature", type=float, default=0.07, help="of those similarities")
    p.add_argument("--anchor", type=float, default=0.0, help="pull of the weights to the start, per unit of learning rate")
    p.add_argument("--average", type=float, default=0.998, help="of the exponential moving average of weights")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--save-every", type=int, default=200)
    p.add_argument("--validate-every", type=int, default=1000)
    return p.parse_args()


class Batches:
    """Rows of every step: half from the photographic archives, a quarter from Tiny ImageNet, the rest from the others.

    Where one of them is missing, the others share its part in the same proportion. Each pool is passed in shuffled epochs; the
    rows are a function of seed and step alone.
    """

    def __init__(self, photos: list[archives.Photo], views: np.ndarray, batch: int, seed: int) -> None:
        of = [archives.ARCHIVES[photos[p].archive] for p in views[:, 0]]
        trained = np.array([not photos[p].held_out for p in views[:, 0]])
        photographic = np.array([a.photographic for a in of])
        tiny = np.array([a.name == "tiny_imagenet_40k" for a in of])
        pools = ((2, photographic), (1, tiny), (1, ~photographic & ~tiny))
        found = [(weight, np.flatnonzero(trained & pool)) for weight, pool in pools if (trained & pool).any()]
        self.pools = [rows for _, rows in found]
        self.shares = [batch * weight // sum(weight for weight, _ in found) for weight, _ in found]
        self.shares[-1] += batch - sum(self.shares)
        self.seed = seed
        self.orders: dict[tuple[int, int], np.ndarray] = {}

    def rows(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """The rows, and how often each has been seen before."""
        parts, passes = [], []
        for index, (pool, share) in enumerate(zip(self.pools, self.shares, strict=True)):
            epoch, position = divmod(step, len(pool) // share)
            if (index, epoch) not in self.orders:
                self.orders = {k: v for k, v in self.orders.items() if k[0] != index}
                self.orders[index, epoch] = np.random.default_rng([self.seed, 400, index, epoch]).permutation(pool)
            parts.append(self.orders[index, epoch][position * share : (position + 1) * share])
            passes.append(np.full(share, epoch))
        # Interleaved, so that every process gets the same mixture.
        mixed = np.random.default_rng([self.seed, 450, step]).permutation(sum(self.shares))
        return np.concatenate(parts)[mixed], np.concatenate(passes)[mixed]

    def bank(self, count: int) -> np.ndarray:
        """Rows for the loss on similarities, in the same mixture."""
        rng = np.random.default_rng([self.seed, 460])
        total = sum(self.shares)
        return np.concatenate(
            [rng.choice(p, min(len(p), count * s // total), False) for p, s in zip(self.pools, self.shares, strict=True)]
        )


def losses(z: Tensor, target: Tensor, bank: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Cosine distance to the target, and the divergence of the distributions of similarity to the photos of the bank."""
    z = functional.normalize(z, dim=1)
    wanted = (target @ bank.T / temperature).log_softmax(1)
    found = (z @ bank.T / temperature).log_softmax(1)
    return 1 - (z * target).sum(1).mean(), functional.kl_div(found, wanted, reduction="batchmean", log_target=True)


class Head(nn.Module):
    """The blocks that learn, and the map: of the trunk's output, the embedding."""

    def __init__(self, network: student.Encoder, layers: int) -> None:
        super().__init__()
        self.blocks, self.map = network.body[len(network.body) - layers :], network.map

    def forward(self, x: Tensor) -> Tensor:
        return self.map(self.blocks(x)).mean((2, 3))


def main() -> None:
    a = arguments()
    torch.set_num_threads(a.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(a.seed)
    world = 1
    if "WORLD_SIZE" in os.environ:
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        world = dist.get_world_size()
    rank = dist.get_rank() if world > 1 else 0
    device = torch.device("cuda", rank % torch.cuda.device_count()) if torch.cuda.is_available() else torch.device("cpu")
    photos = archives.list_photos(a.data, a.seed)
    views = archives.list_views(photos, a.seed)
    pixels = np.load(a.cache / "views.npy", mmap_mode="r")

    network, side = student.load(a.student)
    side = a.side or side
    target = torch.from_numpy(load_target(a.cache, photos, views, network.width))
    batches = Batches(photos, views, a.batch, a.seed)
    bank = target[batches.bank(4096)].to(device)
    network.to(device, memory_format=torch.channels_last)
    frozen = max(0, len(network.body) - a.layers)
    head: nn.Module = Head(network, len(network.body) - frozen)
    trained = list(head.parameters())
    begin = [p.detach().clone() for p in trained]
    average = [p.detach().clone() for p in trained]
    optimizer = torch.optim.AdamW(trained, lr=a.lr, weight_decay=0)
    a.out.mkdir(parents=True, exist_ok=True)
    path, step, seconds = a.out / "checkpoint.pt", 0, 0.0
    if path.exists():
        kept = torch.load(path, map_location=device, weights_only=True)
        step, seconds = kept["step"], kept["seconds"]
        optimizer.load_state_dict(kept["optimizer"])
        with torch.no_grad():
            for p, q, v, w in zip(trained, average, kept["weights"], kept["average"], strict=True):
                p.copy_(v)
                q.copy_(w)
        print(f"resumed at step {step}", flush=True)
    if frozen and rank == 0:
        trunk.outputs(network.body[:frozen], pixels, len(views), a.variants, side, a.seed, a.colour, a.out / "trunk.npy")
    if world > 1:
        dist.barrier()
        head = DistributedDataParallel(head)
    features = np.load(a.out / "trunk.npy", mmap_mode="r") if frozen else None
    held_out = HeldOut(photos, views, pixels) if rank == 0 else None

    def save() -> None:
        torch.save(
            {
                "step": step,
                "seconds": seconds,
                "weights": [p.detach() for p in trained],
                "average": average,
                "optimizer": optimizer.state_dict(),
            },
            path.with_suffix(".part"),
        )
        path.with_suffix(".part").replace(path)
        student.save(a.out / "end.pt", network, side, dict(zip(trained, average, strict=True)))

    sums, counted, mark = np.zeros(2), 0, time.time()
    while step < a.steps:
        rate = a.lr * min(1, (step + 1) / 100) * (0.51 + 0.49 * math.cos(math.pi * step / a.steps))
        optimizer.param_groups[0]["lr"] = rate
        rows, passes = batches.rows(step)
        mine = np.arange(rank, len(rows), world)
        if features is None:
            drawn = augment.draw(len(rows), np.random.default_rng([a.seed, 500, step]), a.colour)
            x = student.normalized(pixels[rows[mine]]).to(device)
            x = augment.apply(x, {name: v[mine].to(device) for name, v in drawn.items()}, side)
        else:
            x = torch.from_numpy(features[passes[mine] % a.variants, rows[mine]]).to(device).float()
            x = x.contiguous(memory_format=torch.channels_last)
        cosine, relation = losses(head(x), target[rows[mine]].to(device), bank, a.temperature)
        optimizer.zero_grad()
        (cosine + a.relation * relation).backward()
        nn.utils.clip_grad_norm_(trained, 1)
        optimizer.step()
        step += 1
        keep = min(a.average, (1 + step) / (10 + step))
        with torch.no_grad():
            if a.anchor:
                torch._foreach_lerp_(trained, begin, rate * a.anchor)
            torch._foreach_lerp_(average, trained, 1 - keep)
        sums += [cosine.item(), relation.item()]
        counted += 1
        if rank == 0 and (step % 100 == 0 or step == a.steps):
            spent, mark = time.time() - mark, time.time()
            seconds += spent
            cosine_mean, relation_mean = (sums / counted).round(4).tolist()
            row = {"step": step, "seconds": round(seconds), "cosine": cosine_mean, "relation": relation_mean}
            left = (a.steps - step) * spent / counted
            sums, counted = np.zeros(2), 0
            if step % a.save_every == 0 or step == a.steps:
                save()
            if step % a.validate_every == 0 or step == a.steps:
                averaged, _ = student.load(a.out / "end.pt")
                row["held_out"] = held_out.score(held_out.embed(averaged, side))["mean"]
                mark = time.time()
            print(json.dumps(row), f"{left / 60:.1f} min left", flush=True)
            with open(a.out / "log.jsonl", "a") as f:
                f.write(json.dumps(row) + "\n")
    if world > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
