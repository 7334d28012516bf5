"""What an encoder is worth: few-shot accuracy, nearest neighbours and a linear probe on folders of photos."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch.nn import functional

import episodes
import folder

SETS = ("caltech20", "flowers5", "neu_det", "trashnet")
NEIGHBOURS = 5
DOMAIN = "neu_det"
SHOWN = 30  # of the domain's photos of a class: what training may see; episodes are of the others


@dataclass(frozen=True)
class Worth:
    """Percent; intervals are half of 95 %. `shots` of all four sets: mean over them, by 1 and 5."""

    shots: dict[str, float]
    intervals: dict[str, float]
    knn: float
    linear: float
    domain: dict[str, float]
    domain_intervals: dict[str, float]


def halves(labels: np.ndarray, seed: int) -> np.ndarray:
    """True for one half of each class' photos."""
    rng, first = np.random.default_rng([seed, 1700]), np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        first[rows[: len(rows) // 2]] = True
    return first


def shown(labels: np.ndarray, seed: int) -> np.ndarray:
    """True for the SHOWN photos of each class of the domain."""
    rng, mine = np.random.default_rng([seed, 1800]), np.zeros(len(labels), bool)
    for label in np.unique(labels):
        mine[rng.permutation(np.flatnonzero(labels == label))[:SHOWN]] = True
    return mine


def nearest(e: np.ndarray, labels: np.ndarray, train: np.ndarray) -> float:
    """Majority of the nearest by cosine; the nearer class where votes are equal."""
    similar = e[~train] @ e[train].T
    found = np.argsort(-similar, 1)[:, :NEIGHBOURS]
    votes = np.zeros((len(found), labels.max() + 1))
    np.add.at(votes, (np.arange(len(found))[:, None], labels[train][found]), 1 + 1e-3 * np.take_along_axis(similar, found, 1))
    return 100 * float((votes.argmax(1) == labels[~train]).mean())


def probe(e: np.ndarray, labels: np.ndarray, train: np.ndarray, penalty: float = 1e-3) -> float:
    """Logistic regression on embeddings whose values have a variance of one in the training half, by L-BFGS."""
    x = (e - e[train].mean(0)) / (e[train].std(0) + 1e-6)
    x, y = torch.from_numpy(x).float(), torch.from_numpy(labels)
    weight = torch.zeros(labels.max() + 1, x.shape[1] + 1, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight], max_iter=100, line_search_fn="strong_wolfe")

    def scores(rows: np.ndarray) -> torch.Tensor:
        return x[rows] @ weight[:, :-1].T + weight[:, -1]

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = functional.cross_entropy(scores(train), y[train]) + penalty * weight[:, :-1].square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return 100 * float((scores(~train).argmax(1) == y[~train]).float().mean())


class Judge:
    """The sets' photos, decoded once at `side`."""

    def __init__(self, photos: Path, side: int, count: int, seed: int) -> None:
        self.side, self.count, self.seed = side, count, seed
        self.sets = {}
        for name in SETS:
            found = folder.listed(photos / name)
            labels = np.unique([cls for _, cls, _ in found], return_inverse=True)[1]
            self.sets[name] = np.stack([folder.square(get(), side) for _, _, get in found]), labels

    def embeddings(self, path: Path, pixels: np.ndarray) -> np.ndarray:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        x = pixels.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(127.5) - 1
        return episodes.unit(np.stack([session.run(["features"], {"x": v[None]})[0].ravel() for v in x]).astype(np.float64))

    def worth(self, path: Path) -> dict:
        rows, knn, linear = [], [], []
        domain: list[tuple[float, float]] = []
        for name, (pixels, labels) in self.sets.items():
            e = self.embeddings(path, pixels)
            rows.append([episodes.accuracy(e, labels, shots, self.count, seed=self.seed) for shots in (1, 5)])
            train = halves(labels, self.seed)
            knn.append(nearest(e, labels, train))
            linear.append(probe(e, labels, train))
            if name == DOMAIN:
                hidden = ~shown(labels, self.seed)
                domain = [episodes.accuracy(e[hidden], labels[hidden], shots, self.count, seed=self.seed) for shots in (1, 5)]
        found = np.array(rows)  # [sets, shots, mean and interval]
        means, intervals = found[:, :, 0].mean(0), np.sqrt(np.square(found[:, :, 1]).sum(0)) / len(rows)
        keyed = [dict(zip(("1", "5"), map(float, v))) for v in (means, intervals, [d[0] for d in domain], [d[1] for d in domain])]
        return asdict(Worth(keyed[0], keyed[1], float(np.mean(knn)), float(np.mean(linear)), keyed[2], keyed[3]))
