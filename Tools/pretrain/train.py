"""Trains the encoder edge-s by distillation from a teacher whose compressed layers are its first weights.

Resumes from the checkpoint in --out.

    python train.py --data ../../../shared/data/pretrain --teacher .../mobilenet_v2_1.0_224.onnx --out /tmp/edge-s
"""
import argparse
import ctypes
import json
import math
import os
import time

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

import data
import episodes
import inherit
import model


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", required=True, help="folder with the pretraining archives")
    p.add_argument("--teacher", required=True, help="mobilenet_v2_1.0_224.onnx")
    p.add_argument("--out", required=True, help="folder of checkpoint.pt and log.jsonl")
    p.add_argument("--cache", help="folder of crops and teacher embeddings (default: OUT/cache)")
    p.add_argument("--steps", type=int, default=11000, help="may be changed when resuming: the schedule follows")
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--px", type=int, default=96, help="input of the student in training")
    p.add_argument("--init", choices=("teacher", "random"), default="teacher", help="first weights: see inherit.py")
    p.add_argument("--lr", type=float, default=1.5e-3)
    p.add_argument("--weight-decay", type=float, default=0.02)
    p.add_argument("--distil", type=float, default=1, help="weight of both distillation losses")
    p.add_argument("--labels", type=float, default=0.3, help="weight of the cross-entropy on labels")
    p.add_argument("--rotation", type=float, default=0.2, help="weight of the rotation loss")
    p.add_argument("--ema", type=float, default=0.995)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--save-every", type=int, default=100)
    p.add_argument("--validate-every", type=int, default=500)
    return p.parse_args()


def keep_freed_memory():
    """glibc gives large freed blocks back to the kernel, and taking them again costs a third of the time."""
    try:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(-3, 1 << 30)
        libc.mallopt(-1, 2**31 - 1)
    except OSError:
        pass


def principal_axes(teacher, count, seed):
    """Mean [1280] and first principal axes [1280, count] of the teacher's embedding, from up to 20,000 views."""
    rows = np.sort(np.random.default_rng([seed, 300]).permutation(len(teacher))[:20000])
    f = teacher[rows].astype(np.float64)
    mean = f.mean(0)
    f -= mean
    values, vectors = np.linalg.eigh(f.T @ f)
    print(f"{count} axes keep {values[-count:].sum() / values.sum():.3f} of the teacher's variance", flush=True)
    return mean.astype(np.float32), np.ascontiguousarray(vectors[:, ::-1][:, :count]).astype(np.float32)


def augment(pixels, px, rng):
    """uint8 [n, s, s, 3] -> float [n, 3, px, px]: zoom, shift, mirror, colour, gray, blur."""
    n, s = pixels.shape[:2]
    x = torch.empty((n, px, px, 3))
    for part in np.array_split(np.arange(n), 4):
        side = int(rng.integers(round(0.75 * s), s + 1))
        i, j = rng.integers(0, s - side + 1, 2)
        block = torch.from_numpy(pixels[part, i:i + side, j:j + side]).permute(0, 3, 1, 2).float()
        if side != px:
            block = F.interpolate(block, (px, px), mode="bilinear", antialias=side > px)
        x[part] = (block.flip(3) if rng.random() < 0.5 else block).permute(0, 2, 3, 1)
    x = x.mul_(1 / model.STD).sub_(model.MEAN / model.STD)
    gray = torch.full((3, 3), 1.0) * torch.tensor([0.299, 0.587, 0.114])
    saturation = torch.from_numpy(np.where(rng.random(n) < 0.1, 0, rng.uniform(0.6, 1.4, n))).float()[:, None, None]
    contrast = torch.from_numpy(np.exp(rng.uniform(-0.35, 0.35, n))).float()[:, None, None]
    tint = torch.from_numpy(np.exp(rng.uniform(-0.08, 0.08, (n, 3)))).float()[:, :, None]
    mix = contrast * (saturation * torch.eye(3) + (1 - saturation) * gray) * tint
    shift = torch.from_numpy(rng.uniform(-0.2, 0.2, n)).float()[:, None, None]
    x = torch.baddbmm(shift, x.view(n, -1, 3), mix.transpose(1, 2)).view(n, px, px, 3).permute(0, 3, 1, 2)
    x = x.clamp_(-1, 1).contiguous(memory_format=torch.channels_last)
    blurred = n // 16
    x[:blurred] = F.avg_pool2d(F.pad(x[:blurred], (1, 1, 1, 1), mode="replicate"), 3, 1)
    return x


def rotate(x, count, rng):
    """Rotates the last `count` photos in place by random quarter turns; returns their numbers [n], -1 for the rest."""
    turns = torch.full((len(x),), -1)
    for i in range(len(x) - count, len(x)):
        turns[i] = int(rng.integers(4))
        x[i] = torch.rot90(x[i], int(turns[i]), (1, 2))
    return turns


def validation_set(photos, px, per_class=40):
    """Photos of the held-out classes, by archive: uint8 [n, px, px, 3] and labels."""
    sets = {}
    for a, (name, _, _) in enumerate(data.ARCHIVES):
        rows = [r for c in np.unique(photos.label[photos.held_out & (photos.archive == a)])
                for r in np.flatnonzero((photos.label == c) & (photos.archive == a))[:per_class]]
        if rows:
            images = [Image.fromarray(np.asarray(photos.pixels(r))).resize((px, px), Image.BILINEAR) for r in rows]
            sets[name] = np.stack([np.asarray(i) for i in images]), photos.label[rows]
    return sets


@torch.no_grad()
def validate(encoder, sets):
    """5-way 1-shot and 5-shot accuracy on the held-out classes of each archive."""
    encoder.eval()
    result = {}
    for name, (pixels, labels) in sets.items():
        parts = [torch.from_numpy(p).float().permute(0, 3, 1, 2) / model.STD - model.MEAN / model.STD
                 for p in np.array_split(pixels, -(-len(pixels) // 32))]
        e = np.concatenate([encoder(p.contiguous(memory_format=torch.channels_last)).numpy() for p in parts])
        result[name] = [round(float(episodes.accuracy(e, labels, s, 400)[0]), 1) for s in (1, 5)]
    return result


class Views:
    """Batches of views in shuffled epochs; the position is a function of the step alone."""

    def __init__(self, cache, views, labels, axes, mean, seed):
        self.pixels = np.load(os.path.join(cache, f"views_{data.SIZES[0]}.npy"), mmap_mode="r")
        self.teacher = np.load(os.path.join(cache, "teacher.npy"), mmap_mode="r")
        self.labels, self.seed, self.count = torch.from_numpy(labels[views[:, 0]]), seed, len(views)
        parts = np.array_split(np.arange(self.count), 50)
        self.target = torch.from_numpy(np.concatenate([(self.teacher[p] - mean) @ axes for p in parts]))
        self.epoch = None

    def rows(self, step, batch):
        per_epoch = self.count // batch
        epoch, position = divmod(step, per_epoch)
        if epoch != self.epoch:
            self.epoch, self.order = epoch, np.random.default_rng([self.seed, 400, epoch]).permutation(self.count)
        return self.order[position * batch:(position + 1) * batch]


def main():
    a = arguments()
    torch.set_num_threads(a.threads)
    torch.set_flush_denormal(True)
    keep_freed_memory()
    os.makedirs(a.out, exist_ok=True)
    cache = a.cache or os.path.join(a.out, "cache")
    photos = data.Photos(a.data, cache, a.seed)
    views = data.prepare(photos, cache, a.teacher, a.seed)

    torch.manual_seed(a.seed)
    student = model.Student(len(photos.classes)).to(memory_format=torch.channels_last)
    average = model.Student(len(photos.classes)).to(memory_format=torch.channels_last).requires_grad_(False)
    average.load_state_dict(student.state_dict())
    flat = [p for p in student.parameters() if p.ndim < 2]
    optimizer = torch.optim.AdamW([{"params": [p for p in student.parameters() if p.ndim >= 2]},
                                   {"params": flat, "weight_decay": 0}],
                                  lr=a.lr, weight_decay=a.weight_decay, fused=True)
    weight, bias = (torch.from_numpy(t.copy()) for t in data.teacher_classifier(a.teacher))
    path = os.path.join(a.out, "checkpoint.pt")
    step, seconds = 0, 0.0
    if os.path.exists(path):
        kept = torch.load(path, weights_only=True)
        step, seconds, mean, axes = kept["step"], kept["seconds"], kept["mean"].numpy(), kept["axes"].numpy()
        student.load_state_dict(kept["student"])
        average.load_state_dict(kept["average"])
        optimizer.load_state_dict(kept["optimizer"])
        print(f"resumed at step {step}", flush=True)
    else:
        teacher = np.load(os.path.join(cache, "teacher.npy"), mmap_mode="r")
        mean, axes = principal_axes(teacher, model.EMBEDDING, a.seed)
        with torch.no_grad():
            for s in (student, average):
                s.teacher_head.weight.copy_(weight @ torch.from_numpy(axes))
                s.teacher_head.bias.copy_(weight @ torch.from_numpy(mean) + bias)
    source = Views(cache, views, photos.label, axes, mean, a.seed)
    if step == 0 and a.init == "teacher":
        rows = np.sort(np.random.default_rng([a.seed, 700]).permutation(source.count)[:640])
        x = torch.from_numpy(source.pixels[rows]).permute(0, 3, 1, 2).float() / model.STD - model.MEAN / model.STD
        x = F.interpolate(x, (112, 112), mode="bilinear")
        inherit.inherit(student.encoder, a.teacher, x, source.target[rows])
        average.load_state_dict(student.state_dict())
    sets = validation_set(photos, model.INPUT)
    print(f"{source.count} views, {sum(p.numel() for p in student.encoder.parameters())} weights, "
          f"{source.count // a.batch} steps per pass", flush=True)

    def save():
        torch.save({"step": step, "seconds": seconds, "mean": torch.from_numpy(mean), "axes": torch.from_numpy(axes),
                    "student": student.state_dict(), "average": average.state_dict(),
                    "optimizer": optimizer.state_dict(), "arguments": vars(a)}, path + ".part")
        os.replace(path + ".part", path)

    if step == 0:
        save()
        print("before training", validate(average.encoder, sets), flush=True)
    sums, mark = np.zeros(5), time.time()
    student.train()
    while step < a.steps:
        for group in optimizer.param_groups:
            group["lr"] = a.lr * min(1, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * step / a.steps) + 0.002)
        rng = np.random.default_rng([a.seed, 500, step])
        rows = source.rows(step, a.batch)
        x = augment(source.pixels[rows], a.px, rng)
        turns = rotate(x, a.batch // 16 if a.rotation else 0, rng)
        upright = turns <= 0
        z, logits, classes, rotations = student(x)
        target = source.target[rows]
        with torch.no_grad():
            soft = F.linear(torch.from_numpy(source.teacher[rows].astype(np.float32)), weight, bias).softmax(1)
        cosine = 1 - F.cosine_similarity(z, target)[upright].mean()
        divergence = F.cross_entropy(logits[upright], soft[upright])
        label = F.cross_entropy(classes[upright], source.labels[rows][upright])
        rotation = F.cross_entropy(rotations[turns >= 0], turns[turns >= 0]) if a.rotation else torch.zeros(())
        loss = a.distil * (5 * cosine + divergence) + a.labels * label + a.rotation * rotation
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(student.parameters(), 5)
        optimizer.step()
        step += 1
        keep = min(a.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            old, new = average.state_dict().values(), student.state_dict().values()
            pairs = [(o, n) for o, n in zip(old, new) if o.is_floating_point()]
            torch._foreach_lerp_([o for o, _ in pairs], [n for _, n in pairs], 1 - keep)
        sums += [float(v.detach()) for v in (loss, cosine, divergence, label, rotation)]
        if step % 100 == 0 or step == a.steps:
            count = (step - 1) % 100 + 1
            spent = time.time() - mark
            seconds += spent
            left = (a.steps - step) * spent / count
            names = ("loss", "cosine", "divergence", "label", "rotation")
            row = {"step": step, "seconds": round(seconds)} | {
                k: round(v, 4) for k, v in zip(names, sums / count)}
            if step % a.validate_every == 0 or step == a.steps:
                row["validation"] = validate(average.encoder, sets)
            pace = spent / count / a.batch * 1e3
            print(json.dumps(row), f"{pace:.2f} ms/photo, {left / 60:.1f} min left", flush=True)
            with open(os.path.join(a.out, "log.jsonl"), "a") as f:
                f.write(json.dumps(row) + "\n")
            sums, mark = np.zeros(5), time.time()
        if step % a.save_every == 0 or step == a.steps:
            save()


if __name__ == "__main__":
    main()
