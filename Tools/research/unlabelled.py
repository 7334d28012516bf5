"""Prints what soft refinement of prototypes by photos without labels would bring (numpy; the command has no such option).

    python Tools/research/unlabelled.py --edgessl .build/release/edgessl --model models/edge-s/edge-s.tnn \\
        --photos ../shared/data/photos

Each prototype becomes the mean of its labelled photos and of the accepted photos without labels, weighted by their probability,
together never more than two labelled ones; no prior over classes. Accepted: above the threshold that keeps 95 % of left-out
photos (with one photo of a class: the median cosine of the labelled photos to other classes' prototypes), and a probability of
at least 0.7. Near duplicates (cosine above 0.98) count once. Three pools: `balanced` has 10 photos of each class; `imbalanced`
20, 10, 4, 2, 0 and 15 of other classes; `others` 10 of each and 50 of other classes. `gated` refines only where at least 80 %
of left-out photos are right."""

import argparse
import pathlib
import subprocess

import numpy as np

POOLS = {"balanced": ([10] * 5, 0), "imbalanced": ([20, 10, 4, 2, 0], 15), "others": ([10] * 5, 50)}
SCALE, CERTAIN, MOST = 8, 0.7, 2


def embeddings(options, folder):
    photos = sorted(p for p in folder.rglob("*") if p.is_file())
    target = options.work / f"{folder.name}.npy"
    subprocess.run([options.edgessl, "embed", options.model, *photos, "-o", target], check=True, capture_output=True)
    rows = np.load(target)
    _, labels = np.unique([p.parent.name for p in photos], return_inverse=True)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), labels


def unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)


def refine(sums, pool, threshold, steps):
    added = np.zeros_like(sums)
    for _ in range(steps):
        cosines = pool @ unit(sums + added).T
        p = np.exp(SCALE * (cosines - cosines.max(1, keepdims=True)))
        p /= p.sum(1, keepdims=True)
        accepted = (cosines.max(1) >= threshold) & (p.max(1) >= CERTAIN)
        q = np.where(accepted[:, None] & (p == p.max(1, keepdims=True)), p, 0)
        added = (q.T @ pool) * np.minimum(1, MOST / np.maximum(q.sum(0), 1e-9))[:, None]
    return unit(sums + added)


def distinct(pool):
    kept = []
    for row in pool:
        if not kept or (np.array(kept) @ row).max() <= 0.98:
            kept.append(row)
    return np.array(kept)


def episode(random, rows, labels, shots, counts, others, steps):
    """Differences of accuracy: refined, and refined where the gate lets it."""
    classes = random.permutation(labels.max() + 1)
    ways = 5 if labels.max() >= 5 else 4
    support, queries, pool = [], [], []
    for label, count in zip(classes[:ways], counts):
        photos = random.permutation(np.flatnonzero(labels == label))
        support.append(photos[:shots])
        queries.append(photos[shots : shots + 12])
        pool.append(photos[shots + 12 : shots + 12 + count])
    rest = np.flatnonzero(np.isin(labels, classes[ways:]))
    pool.append(random.permutation(rest)[:others])
    truth = np.repeat(np.arange(ways), [len(q) for q in queries])
    sums = np.stack([rows[s].sum(0) for s in support])
    own = np.repeat(np.arange(ways), shots)
    examples = rows[np.concatenate(support)]
    cosines = examples @ unit(sums).T
    others_cosine = np.where(np.arange(ways) == own[:, None], -1, cosines).max(1)
    right = 0.0
    if shots > 1:
        left = (examples * unit(sums[own] - examples)).sum(1)
        threshold, right = np.sort(left)[len(left) * 5 // 100], (left > others_cosine).mean()
    else:
        threshold = np.median(others_cosine)
    queried = rows[np.concatenate(queries)]
    new = refine(sums, distinct(rows[np.concatenate(pool)]), threshold, steps)
    gain = 100 * (((queried @ new.T).argmax(1) == truth).mean() - ((queried @ unit(sums).T).argmax(1) == truth).mean())
    return gain, gain if right >= 0.8 else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgessl", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--photos", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(".build/heads-table"))
    parser.add_argument("--episodes", type=int, default=600)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    sets = {name: embeddings(options, options.photos / name) for name in ("caltech20", "flowers5", "neu_det", "trashnet")}
    for shots in (1, 5):
        for steps in (1, 3):
            for pool, (counts, others) in POOLS.items():
                gains = {}
                for name, (rows, labels) in sets.items():
                    random = np.random.default_rng(0)
                    gains[name] = np.mean(
                        [episode(random, rows, labels, shots, counts, others, steps) for _ in range(options.episodes)], 0
                    )
                print(
                    f"{shots} shots, {steps} refinements, {pool:10} "
                    + "  ".join(f"{name} {g:+.2f} gated {h:+.2f}" for name, (g, h) in gains.items()),
                    flush=True,
                )


if __name__ == "__main__":
    main()
