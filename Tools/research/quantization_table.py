#!/usr/bin/env python3
"""What int8 costs: paired few-shot episodes (the same photos learned and asked), float32 against int8, and ImageNet top-1.

usage: quantization_table.py --edgessl EDGESSL --photos DIR --calibration DIR [--imagenet DIR] [--classifier NAME=L.tnn]...
                             [--option OPTION]... M.tnn...

--photos holds datasets, each with one folder per class; --imagenet photos whose names begin with the index of their class;
L.tnn is encoder NAME imported with --embedding naming its logits. --option is passed on to edgessl quantize (--option=--fast).
Accuracy is in percent, differences in points: int8 minus float32, with the half width of the 95 % interval of the mean of the
paired difference. Needs numpy.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

WAYS, SHOTS, QUERIES, EPISODES = 5, 5, 15, 600
MEAN_LIMIT, WORST_LIMIT, TOP1_LIMIT = 0.3, 1.0, 1.0


class Command:
    def __init__(self, path: str, options: list[str]):
        self.path, self.options = path, options

    def run(self, *arguments: str) -> dict:
        done = subprocess.run([self.path, *arguments, "--json"], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"edgessl {' '.join(arguments[:4])}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def embed(self, model: str, photos: list[Path]) -> np.ndarray:
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/y.npy"
            self.run("embed", model, "-o", path, *map(str, photos))
            return np.load(path)

    def quantize(self, model: str, calibration: str, output: str) -> dict:
        return self.run("quantize", model, "--calibration", calibration, "-o", output, *self.options)


def photos_of(dataset: Path) -> tuple[list[Path], np.ndarray]:
    classes = sorted(d for d in dataset.iterdir() if d.is_dir())
    photos = [(p, i) for i, c in enumerate(classes) for p in sorted(c.iterdir())]
    return [p for p, _ in photos], np.array([i for _, i in photos])


def episodes(embeddings: list[np.ndarray], labels: np.ndarray) -> np.ndarray:
    """Accuracy of each episode, [embeddings, episodes]: nearest prototype by cosine; every one sees the same episodes."""
    unit = [e / np.linalg.norm(e, axis=1, keepdims=True) for e in embeddings]
    random = np.random.default_rng(0)
    result = np.zeros((len(unit), EPISODES))
    for episode in range(EPISODES):
        rows = [
            random.permutation(np.flatnonzero(labels == c))[: SHOTS + QUERIES]
            for c in random.choice(labels.max() + 1, WAYS, replace=False)
        ]
        truth = np.concatenate([np.full(len(r) - SHOTS, i) for i, r in enumerate(rows)])
        for index, e in enumerate(unit):
            prototypes = np.stack([e[r[:SHOTS]].mean(0) for r in rows])
            prototypes /= np.linalg.norm(prototypes, axis=1, keepdims=True)
            queries = e[np.concatenate([r[SHOTS:] for r in rows])]
            result[index, episode] = 100 * np.mean((queries @ prototypes.T).argmax(1) == truth)
    return result


def top1(command: Command, model: str, calibration: str, imagenet: Path, folder: str) -> tuple[float, float]:
    int8 = f"{folder}/classifier.tnn"
    command.quantize(model, calibration, int8)
    photos = sorted(imagenet.iterdir())
    truth = np.array([int(p.name.split("_")[0]) for p in photos])
    result = []
    for path in (model, int8):
        logits = command.embed(path, photos)
        background = logits.shape[1] - 1000
        result.append(100 * np.mean(logits[:, background:].argmax(1) == truth))
    return result[0], result[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--edgessl", "--photos", "--calibration"):
        parser.add_argument(name, required=True)
    parser.add_argument("--imagenet")
    parser.add_argument("--classifier", action="append", default=[], metavar="NAME=L.tnn")
    parser.add_argument("--option", action="append", default=[])
    parser.add_argument("--json", help="a file for the figures")
    parser.add_argument("models", nargs="+", metavar="M.tnn")
    given = parser.parse_args()

    command = Command(given.edgessl, given.option)
    classifiers = dict(pair.split("=", 1) for pair in given.classifier)
    sets = [d for d in sorted(Path(given.photos).iterdir()) if d.is_dir() and sum(c.is_dir() for c in d.iterdir()) >= WAYS]
    header = ["encoder", "file", "arena", "cosine", "estimate", *(d.name for d in sets), "mean", "worst", "top-1", "holds"]
    print("|", " | ".join(header), "|\n" + "|---" * len(header) + "|", flush=True)
    figures = []
    for model in given.models:
        name = Path(model).stem
        with tempfile.TemporaryDirectory() as folder:
            int8 = f"{folder}/int8.tnn"
            made = command.quantize(model, given.calibration, int8)
            cells, differences = [], []
            for dataset in sets:
                photos, labels = photos_of(dataset)
                before, after = episodes([command.embed(m, photos) for m in (model, int8)], labels)
                paired = after - before
                interval = 1.96 * paired.std(ddof=1) / len(paired) ** 0.5
                differences.append(paired.mean())
                cells.append(f"{before.mean():.2f} {paired.mean():+.2f} ± {interval:.2f}")
            mean, worst = float(np.mean(differences)), float(min(differences))
            holds, cell = mean >= -MEAN_LIMIT and worst >= -WORST_LIMIT, ""
            if name in classifiers:
                before, after = top1(
                    command, classifiers[name], given.calibration, Path(given.imagenet or given.calibration), folder
                )
                holds, cell = holds and after >= before - TOP1_LIMIT, f"{before:.1f} {after - before:+.1f}"
            estimate = made.get("estimatedLoss")
            row = [
                name,
                f"{made['fileRatio']:.3f}",
                f"{made['arenaRatio']:.3f}",
                f"{made['embeddingCosine']:.5f}",
                "" if estimate is None else f"{-estimate:+.2f}",
                *cells,
                f"{mean:+.2f}",
                f"{worst:+.2f}",
                cell,
                "yes" if holds else "no",
            ]
            print("|", " | ".join(row), "|", flush=True)
            figures.append({"encoder": name, "differences": differences, **{k: v for k, v in made.items() if k != "layers"}})
    if given.json:
        Path(given.json).write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
