"""Trains an encoder on photos without labels, by any of the field's methods, and writes encoder.onnx for `edgessl import`.

    python pretrain.py simclr --data PHOTOS --encoder mobilenet_v2_035 --init mobilenet_v2_0.35_128.onnx --out OUT --minutes 60
    python pretrain.py --list

PHOTOS is a folder or zip; the same command again goes on where it was. Several processes: torchrun --nproc-per-node N
pretrain.py ... Which method for whom: Documentation/pretraining.md.
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

import encoders
import folder
import methods
import student
from augment import resized
from methods.method import Method, Setting
from runner import Budget, Course, Run

CALIBRATED = 256  # photos that the statistics of --init are taken of


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("method", nargs="?", help="one of --list")
    p.add_argument("--list", action="store_true", help="print the methods with their sources, and the photos and batch they need")
    p.add_argument("--data", type=Path, nargs="+", help="folders or zips of photos")
    p.add_argument("--encoder", default="mobilenet_v2_035", help=", ".join(encoders.NAMES))
    p.add_argument("--init", type=Path, help="an ONNX file of that architecture, whose weights are the start")
    p.add_argument("--teacher", type=Path, help="an ONNX encoder to learn from, for distillation")
    p.add_argument("--out", type=Path, help="folder of checkpoint.pt, log.jsonl and encoder.onnx")
    p.add_argument("--steps", type=int)
    p.add_argument("--epochs", type=float, help="passes over the photos (default: 20, where no budget is given)")
    p.add_argument("--minutes", type=float, help="of training, over all resumptions; with --threads 1 of one core")
    p.add_argument("--batch", type=int, help="photos of a step, of all processes together (default: the method's)")
    p.add_argument("--side", type=int, default=96, help="input of the encoder, pixels")
    p.add_argument("--optimizer", choices=("adamw", "sgd"), default="adamw")
    p.add_argument("--lr", type=float, help="(default: AdamW 1e-3, from --init 2e-4; SGD 0.03 and 0.006)")
    p.add_argument("--decay", type=float, default=1e-4, help="of weights")
    p.add_argument("--labels", type=int, default=10, help="labelled photos of each folder, for methods that use labels")
    p.add_argument("--limit", type=int, help="photos at most, drawn by the seed")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--save-every", type=float, default=60, help="seconds between checkpoints")
    p.add_argument("--report-every", type=int, default=50, help="steps between lines of progress")
    a = p.parse_args(words)
    if not a.list and not (a.method and a.data and a.out):
        p.error("METHOD, --data and --out are needed; --list prints the methods")
    return a


def print_methods() -> None:
    for name in methods.METHODS:
        kind = methods.find(name)
        needs = f"{kind.least} photos, batch {kind.batch} (at least {kind.smallest})" + ", some labels" * kind.labelled
        print(f"{name:20} {needs}: {kind.source}")


def drawn_labels(photos: folder.Photos, count: int, seed: int) -> Tensor:
    """The labels that may be used: `count` of each class, -1 for all other photos."""
    kept = np.full(len(photos), -1)
    rng = np.random.default_rng([seed, 1300])
    for label in range(len(photos.classes)):
        rows = rng.permutation(np.flatnonzero(photos.labels == label))[:count]
        kept[rows] = label
    return torch.from_numpy(kept)


def check(a: argparse.Namespace, kind: type[Method], photos: folder.Photos, batch: int, processes: int) -> None:
    where = ", ".join(map(str, a.data))
    if len(photos) < batch:
        raise SystemExit(f"{where}: {len(photos)} photos are fewer than a batch of {batch}; add photos or lower --batch")
    if batch % processes or batch // processes < kind.smallest:
        raise SystemExit(f"--batch {batch}: {a.method} needs at least {kind.smallest} photos in each of {processes} equal parts")
    if len(photos) < kind.least:
        print(f"WARNING: {len(photos)} photos; {a.method} makes sense from about {kind.least}", flush=True)
    if kind.labelled and len(photos.classes) < 2:
        raise SystemExit(
            f"{where}: {a.method} learns from labels, too: photos must lie in one folder for each of two or more classes"
        )
    if kind.taught and not a.teacher:
        raise SystemExit(f"{a.method}: --teacher is missing, an ONNX encoder to learn from")


def main() -> None:
    a = arguments()
    if a.list:
        return print_methods()
    kind = methods.find(a.method)
    torch.set_num_threads(a.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(a.seed)
    cuda = torch.cuda.is_available()
    if "WORLD_SIZE" in os.environ:
        dist.init_process_group("nccl" if cuda else "gloo")
    rank, processes = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    device = torch.device("cuda", rank % torch.cuda.device_count()) if cuda else torch.device("cpu")
    a.out.mkdir(parents=True, exist_ok=True)
    stored = 4 * a.side // 3
    if rank:
        dist.barrier()
    photos = folder.read(a.data, stored, a.out, a.limit, a.seed)
    if dist.is_initialized() and not rank:
        dist.barrier()
    batch = a.batch or kind.batch
    check(a, kind, photos, batch, processes)
    some = np.random.default_rng([a.seed, 1400]).permutation(len(photos))[:CALIBRATED]
    encoder = encoders.make(a.encoder, a.side, a.init, resized(student.normalized(photos.pixels[some]), a.side))
    if kind.staged and len(encoder.stages) < 3:
        raise SystemExit(f"--encoder {a.encoder}: {a.method} needs an encoder in stages: mobilenet_v2_035, mcunet or resnet18")
    labels = drawn_labels(photos, a.labels, a.seed) if kind.labelled else torch.full((len(photos),), -1)
    setting = Setting(len(photos), a.side, batch // processes, a.seed, processes, labels if kind.labelled else None, a.teacher)
    method = kind(encoder, setting)
    rate = a.lr or {"adamw": 1e-3, "sgd": 0.03}[a.optimizer] * (0.2 if a.init else 1)
    steps = a.steps or (round(a.epochs * len(photos) / batch) if a.epochs else None)
    if not steps and not a.minutes:
        steps = round(20 * len(photos) / batch)
    identity = {"method": a.method, "encoder": a.encoder, "init": str(a.init), "side": a.side, "batch": batch}
    identity |= {"seed": a.seed, "photos": len(photos), "optimizer": a.optimizer, "lr": rate}
    budget = Budget(steps, a.minutes)
    course = Course(a.out, budget, batch, a.side, a.seed, rate, a.optimizer, a.decay, a.save_every, a.report_every, identity)
    run = Run(method, photos, labels.to(device), course)
    run.resume()
    run.train()
    if not rank:
        finish(a, run)
    if dist.is_initialized():
        dist.destroy_process_group()


def finish(a: argparse.Namespace, run: Run) -> None:
    path = a.out / "encoder.onnx"
    found = run.settle()
    difference = encoders.write(run.method.encoder, a.side, path)
    print(f"{path}: input {a.side}x{a.side}, {run.method.encoder.width} values, differs from PyTorch by {difference:.1e}")
    if found.collapsed:
        print(f"WARNING: the embeddings have collapsed: {path} is of no use", flush=True)
    print(f"edgessl import {path} -o {path.with_suffix('.tnn')} --mean 127.5 --std 127.5")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        sys.exit(130)
