"""Which layers train: chosen by squared gradient per byte against the last ones, at the same budget, paired episodes, in
PyTorch.

    sparse_update.py MODEL.onnx PHOTOS EPISODES MB,MB,...

MODEL ends in `features` and takes 128 x 128 RGB in -1 ... 1; PHOTOS has one folder for each class, 20 photos at least. Bytes:
weights with gradient, Adam's state and average; the activations that backward reads and the largest gradients; int8 tensors at
the cut. Needs torch, onnx, numpy and pillow. Benchmarks/results/adaptation.md has the results."""

import glob
import os
import random
import sys

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from PIL import Image

torch.set_num_threads(1)
MODEL, P, N = sys.argv[1], sys.argv[2], int(sys.argv[3])
BUDGETS = [int(float(b) * 1e6) for b in sys.argv[4].split(",")]
g = onnx.load(MODEL).graph
C = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in g.initializer}
nodes = []
for n in g.node:
    nodes.append(n)
    if "features" in n.output:
        break


def at(n):
    return {a.name: onnx.helper.get_attribute_value(a) for a in n.attribute}


def run(values, nodes, W):
    for n in nodes:
        a = at(n)
        x = values[n.input[0]]
        if n.op_type == "Conv":
            p = a["pads"]
            if p[:2] != p[2:]:
                x = F.pad(x, [p[1], p[3], p[0], p[2]])
                p = [0, 0]
            y = F.conv2d(x, W[n.input[1]], W[n.input[2]], a["strides"], p[:2], 1, a["group"])
        elif n.op_type == "Clip":
            y = F.relu6(x)
        elif n.op_type == "Add":
            y = x + values[n.input[1]]
        elif n.op_type == "GlobalAveragePool":
            y = x.mean((2, 3), keepdim=True)
        elif n.op_type == "Flatten":
            y = x.flatten(1)
        else:
            raise Exception(n.op_type)
        values[n.output[0]] = y
    return values


convs = [i for i, n in enumerate(nodes) if n.op_type == "Conv"]


def cut_of(start):
    made = {o for n in nodes[start:] for o in n.output}
    x = {i for n in nodes[start:] for i in n.input if i not in made and i not in C}
    return x.pop() if len(x) == 1 else None


CUTS = [(c, cut_of(c)) for c in convs[-14:] if cut_of(c)]
DEEP, DEEPNAME = CUTS[0]


# photos
def load(f):
    im = Image.open(f).convert("RGB")
    w, h = im.size
    s = 128 / min(w, h)
    im = im.resize((max(128, round(w * s)), max(128, round(h * s))), Image.BILINEAR)
    w, h = im.size
    left, top = (w - 128) // 2, (h - 128) // 2
    return torch.from_numpy(np.array(im.crop((left, top, left + 128, top + 128)))).permute(2, 0, 1).float() / 127.5 - 1


rng = random.Random(0)


def view(x):
    s = rng.uniform(0.75, 1)
    n = int(128 * s)
    top, left = rng.randint(0, 128 - n), rng.randint(0, 128 - n)
    y = F.interpolate(x[None, :, top : top + n, left : left + n], size=(128, 128), mode="bilinear", align_corners=False)[0]
    if rng.random() < 0.5:
        y = y.flip(2)
    return (y * np.exp(rng.uniform(-0.25, 0.25)) + rng.uniform(-0.15, 0.15)).clamp(-1, 1)


X = []
for d in sorted(glob.glob(P + "/*/")):
    rows = []
    for f in sorted(glob.glob(d + "*"))[:60]:
        x = load(f)
        batch = torch.stack([x] + [view(x) for _ in range(8)])
        with torch.no_grad():
            rows.append(run({g.input[0].name: batch}, nodes[:DEEP], C)[DEEPNAME].half())
    X.append(torch.stack(rows))
with torch.no_grad():
    sample = run({DEEPNAME: X[0][0].float()[:1]}, nodes[DEEP:], C)
elems = {k: v[0].numel() for k, v in sample.items()}
params = {c: C[nodes[c].input[1]].numel() + C[nodes[c].input[2]].numel() for c in convs}


def cost(start, cut, chosen, batch, views):
    weights = 20 * sum(params[c] for c in chosen)
    first = min(chosen)
    kept = (
        {n.output[0] for i, n in enumerate(nodes) if n.op_type == "Clip" and i > first}
        | {nodes[c].input[0] for c in chosen}
        | {cut}
    )
    transient = 2 * max(elems[o] for n in nodes[start:] for o in n.output)
    return weights + 4 * batch * (sum(elems[k] for k in kept) + transient) + 25 * (1 + views) * elems[cut]


LADDER = [(b, v) for b in (32, 16, 8, 4) for v in (8, 4, 2)]


def by_depth(budget, wanted=6):
    for k in range(wanted, 0, -1):
        cs = convs[-k:]
        cut = cut_of(cs[0])
        if not cut:
            continue
        for b, v in LADDER:
            if cost(cs[0], cut, cs, b, v) <= budget:
                return cs[0], cut, cs, b, v


def by_fisher(budget, fisher):
    best = None
    for start, cut in CUTS:
        for b, v in LADDER:
            chosen = []
            for c in sorted([c for c in convs if c >= start], key=lambda c: -fisher[c] / (20 * params[c])):
                if cost(start, cut, chosen + [c], b, v) <= budget:
                    chosen.append(c)
            if not chosen:
                continue
            score = sum(fisher[c] for c in chosen)
            if best is None or score > best[0] * 1.0001:
                best = (score, start, cut, sorted(chosen), b, v)
    return best[1:] if best else None


def unit(x):
    return F.normalize(x, dim=1)


def episode(rows, labels, qrows, qlabels, plan, seed):
    start, cut, chosen, b, v = plan
    gen = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        inp = torch.cat([X[c][i][: 1 + v].float() for c, i in rows])
        y = torch.tensor(labels).repeat_interleave(1 + v)
        cutx = run({DEEPNAME: inp}, nodes[DEEP:start], C)[cut] if start > DEEP else inp
        e = unit(run({cut: cutx}, nodes[start:], C)["features"])
        proto = unit(torch.stack([e[y == k].mean(0) for k in range(5)]))
    W = dict(C)
    ps = []
    for c in chosen:
        for name in nodes[c].input[1:]:
            W[name] = C[name].clone().requires_grad_()
            ps.append(W[name])
    names = [n for c in chosen for n in nodes[c].input[1:]]
    avg = [p.detach().clone() for p in ps]
    opt = torch.optim.Adam(ps, lr=1e-3)
    order = torch.randperm(len(cutx), generator=gen)
    pos = 0
    for step in range(100):
        if pos + b > len(order):
            order = torch.randperm(len(cutx), generator=gen)
            pos = 0
        pick = order[pos : pos + b]
        pos += b
        for gr in opt.param_groups:
            gr["lr"] = 1e-3 * 0.5 * (1 + np.cos(np.pi * step / 100))
        opt.zero_grad()
        F.cross_entropy(10 * unit(run({cut: cutx[pick]}, nodes[start:], W)["features"]) @ proto.T, y[pick]).backward()
        opt.step()
        with torch.no_grad():
            torch._foreach_lerp_(avg, ps, 1 - min(0.98, (step + 2) / (step + 11)))
    for n, a in zip(names, avg):
        W[n] = a
    with torch.no_grad():
        e = unit(run({cut: cutx}, nodes[start:], W)["features"])
        proto = unit(torch.stack([e[y == k].mean(0) for k in range(5)]))
        q = torch.cat([X[c][i][:1].float() for c, i in qrows])
        q = unit(run({DEEPNAME: q}, nodes[DEEP:], W)["features"])
        return 100 * float(((q @ proto.T).argmax(1) == torch.tensor(qlabels)).float().mean())


def fisher_of(rows, labels):
    W = dict(C)
    for c in convs:
        if c >= DEEP:
            for n in nodes[c].input[1:]:
                W[n] = C[n].clone().requires_grad_()
    with torch.no_grad():
        e = unit(run({DEEPNAME: torch.cat([X[c][i][:1].float() for c, i in rows])}, nodes[DEEP:], C)["features"])
        y = torch.tensor(labels)
        proto = unit(torch.stack([e[y == k].mean(0) for k in range(5)]))
    total = {c: 0.0 for c in convs if c >= DEEP}
    for r, label in zip(rows, labels):
        ws = [W[n] for c in total for n in nodes[c].input[1:]]
        out = unit(run({DEEPNAME: X[r[0]][r[1]][1:2].float()}, nodes[DEEP:], W)["features"])
        gs = torch.autograd.grad(F.cross_entropy(10 * out @ proto.T, torch.tensor([label])), ws)
        for i, c in enumerate(total):
            total[c] += float((gs[2 * i] ** 2).sum() + (gs[2 * i + 1] ** 2).sum())
    return total


res = {b: {"depth": [], "fisher": [], "plans": []} for b in BUDGETS}
frozen = []
er = random.Random(1)
for ep in range(N):
    cl = er.sample(range(len(X)), 5)
    rows, labels, q, ql = [], [], [], []
    for k, c in enumerate(cl):
        idx = er.sample(range(len(X[c])), 20)
        rows += [(c, i) for i in idx[:5]]
        labels += [k] * 5
        q += [(c, i) for i in idx[5:]]
        ql += [k] * 15
    f = fisher_of(rows, labels)
    for b in BUDGETS:
        d, s = by_depth(b), by_fisher(b, f)
        res[b]["depth"].append(episode(rows, labels, q, ql, d, ep))
        res[b]["fisher"].append(episode(rows, labels, q, ql, s, ep))
        res[b]["plans"].append([[convs.index(c) for c in s[2]], s[3], s[4]])
    if ep % 8 == 7 or ep == N - 1:
        for b in BUDGETS:
            a, c = np.array(res[b]["depth"]), np.array(res[b]["fisher"])
            diff = c - a
            d = by_depth(b)
            print(
                os.path.basename(P),
                "ep",
                ep + 1,
                "budget",
                b,
                f"depth {a.mean():.2f} fisher {c.mean():.2f} diff {diff.mean():.2f}",
                f"+- {1.96 * diff.std(ddof=1) / len(diff) ** 0.5 if len(diff) > 1 else 0:.2f}",
                "depth plan",
                [convs.index(c) for c in d[2]],
                d[3],
                d[4],
                "fisher plan",
                res[b]["plans"][-1],
                flush=True,
            )
