"""Prints what photos without labels bring, by the parts of the recipe in FewShot/Propagation (numpy; the product's own figures come
from `edgessl evaluate --unlabelled-pool`).

    python Tools/research/propagation.py --edgessl .build/release/edgessl --model models/edge-s/edge-s.tnn --photos DIR...

Each DIR has one folder of photos for each class. The head is cosine prototypes, softmax of 10 x cosine. Gains in points over it,
mean of the folders and the worst of them, 1 and 5 shots, by pool: as many of each class; all, a half, a quarter, a tenth and none;
as many of each and three of ten of other classes; one class only; other classes only. Variants: `shipped`; `always`, without asking
how far the photos are; `reversed`, reverse validation in its place; `all`, centred by the mean of all photos; `graph` and
`ridge` alone beside the head."""

import argparse
import pathlib
import subprocess

import numpy as np

SHARES = {"equal": [1] * 5, "unequal": [1, 0.5, 0.25, 0.1, 0], "others": [1] * 5, "one": [1, 0, 0, 0, 0], "none": [0] * 5}
WAYS, QUERIES, MOST = 5, 15, 40
VARIANTS = ("shipped", "always", "reversed", "all", "graph", "ridge")


def unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)


def softmax(scores):
    powers = np.exp(10 * (scores - scores.max(1, keepdims=True)))
    return powers / powers.sum(1, keepdims=True)


def embeddings(options, folder):
    photos = sorted(p for p in folder.rglob("*") if p.is_file())
    target = options.work / f"{folder.name}.npy"
    subprocess.run([options.edgessl, "embed", options.model, *photos, "-o", target], check=True, capture_output=True)
    _, labels = np.unique([p.parent.name for p in photos], return_inverse=True)
    return unit(np.load(target).reshape(len(photos), -1).astype(np.float64)), labels


def propagate(z, seeds, neighbours):
    cosines = z @ z.T
    np.fill_diagonal(cosines, -2)
    nearest = np.argsort(-cosines, 1)[:, :neighbours]
    edges = np.zeros_like(cosines)
    np.put_along_axis(edges, nearest, np.maximum(np.take_along_axis(cosines, nearest, 1), 0), 1)
    edges = np.maximum(edges, edges.T)
    roots = np.sqrt(np.maximum(edges.sum(1), 1e-9))
    flow = seeds
    for _ in range(10):
        flow = 0.8 * (edges / roots[:, None] / roots) @ flow + seeds
    total = flow.sum(1, keepdims=True)
    return np.where(total > 1e-9, flow / np.maximum(total, 1e-9), 1 / seeds.shape[1])


def regression(z, targets, weights):
    mean = weights @ z / weights.sum()
    rows = z - mean
    penalty = (weights * (rows**2).sum(1)).sum() / weights.sum()
    gram = rows @ rows.T + 1 / len(z) + np.diag(penalty / weights)
    coefficients = np.linalg.solve(gram, targets - 1 / targets.shape[1])
    return lambda query: (query - mean) @ rows.T @ coefficients + coefficients.sum(0) / len(z)


def answers(support, own, pool, queries):
    """The answer of the head, and of each variant."""
    count, classes = len(support), own.max() + 1
    seeds = np.zeros((count + len(pool), classes))
    seeds[np.arange(count), own] = 1
    means = np.stack([support[own == label].mean(0) for label in range(classes)])
    head = softmax(queries @ unit(means).T)
    given, everything = means.mean(0), np.concatenate([support, pool])
    shift = ((pool.mean(0) - given) ** 2).sum() / (1 - (pool.mean(0) ** 2).sum())
    near = shift <= 0.15 + 0.85 / count
    neighbours = int(np.clip(len(everything) / (4 * classes), 3, 10))
    found = {}
    for name, centre in (("half", 0.5 * (given + everything.mean(0))), ("all", everything.mean(0))):
        z, query = unit(everything - centre), unit(queries - centre)
        soft = propagate(z, seeds, neighbours)
        mass = soft[count:].sum(0)
        weights = np.ones(len(z))
        largest = soft[count:].max(1)
        weights[count:] = np.maximum(largest**2 * np.minimum(2, mass.mean() / np.maximum(mass, 1e-9))[soft[count:].argmax(1)], 1e-3)
        targets = np.concatenate([seeds[:count], soft[count:]])
        ridge = softmax(regression(z, targets, weights)(query))
        cosines = query @ z.T
        nearest = np.argsort(-cosines, 1)[:, :neighbours]
        votes = (np.maximum(np.take_along_axis(cosines, nearest, 1), 1e-9)[:, :, None] * soft[nearest]).sum(1)
        votes /= votes.sum(1, keepdims=True)
        backward = (z[:count] @ unit(soft[count:].T @ z[count:]).T).argmax(1) == own
        found[name] = (ridge, votes, backward.mean() >= 0.8)
    ridge, votes, reversible = found["half"]
    result = {"always": head + ridge + votes, "graph": head + votes if near else head, "ridge": head + ridge if near else head}
    result["shipped"] = result["always"] if near else head
    result["reversed"] = result["always"] if reversible else head
    result["all"] = head + found["all"][0] + found["all"][1] if near else head
    return head, result


def episode(random, rows, labels, shots, kind):
    classes = random.permutation(labels.max() + 1)
    support, queries, pool = [], [], []
    for label, share in zip(classes[:WAYS], SHARES[kind]):
        photos = random.permutation(np.flatnonzero(labels == label))
        support.append(photos[:shots])
        queries.append(photos[shots : shots + QUERIES])
        rest = photos[shots + QUERIES :][:MOST]
        pool.append(rest[: int(np.ceil(share * len(rest)))])
    strangers = random.permutation(np.flatnonzero(np.isin(labels, classes[WAYS:])))
    wanted = {"others": round(3 / 7 * sum(map(len, pool))), "none": 2 * MOST}.get(kind, 0)
    pool = np.concatenate([*pool, strangers[:wanted]])
    truth = np.repeat(np.arange(WAYS), [len(q) for q in queries])
    own = np.repeat(np.arange(WAYS), shots)
    head, found = answers(rows[np.concatenate(support)], own, rows[pool], rows[np.concatenate(queries)])
    right = (head.argmax(1) == truth).mean()
    return [100 * ((found[name].argmax(1) == truth).mean() - right) for name in VARIANTS]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgessl", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--photos", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--episodes", type=int, default=25)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("/tmp"))
    options = parser.parse_args()
    sets = [embeddings(options, folder) for folder in options.photos]
    print("shots pool     " + "".join(f"{name:>16}" for name in VARIANTS))
    for shots in (1, 5):
        for kind in SHARES:
            usable = [s for s in sets if s[1].max() >= WAYS or kind not in ("others", "none")]
            gains = np.array(
                [
                    np.mean([episode(np.random.default_rng([e, 7]), *s, shots, kind) for e in range(options.episodes)], 0)
                    for s in usable
                ]
            )
            cells = "".join(f"{mean:+8.2f} ({worst:+5.1f})" for mean, worst in zip(gains.mean(0), gains.min(0)))
            print(f"{shots:5d} {kind:8s} {cells}", flush=True)


if __name__ == "__main__":
    main()
