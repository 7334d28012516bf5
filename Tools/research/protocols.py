"""The figures of `edgessl evaluate --protocol` beside scikit-learn's on the same embeddings and draws.

    python protocols.py --edgessl ../../.build/release/edgessl --model ../../models/edge-s/edge-s.tnn \
        --photos ../../../shared/data/photos/neu_det

Needs NumPy and scikit-learn. Fails where a figure differs by more than rounding.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from sklearn import metrics
from sklearn.covariance import shrunk_covariance
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

PROTOCOLS = "knn,linear,labels-1,labels-10,retrieval,clusters,ood"


def embeddings(a: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """Of length one, in the order of the classes' and files' names, and the classes."""
    folders = sorted((f for f in a.photos.iterdir() if f.is_dir()), key=lambda f: f.name.encode())
    files = [
        (label, file) for label, folder in enumerate(folders) for file in sorted(folder.iterdir(), key=lambda f: f.name.encode())
    ]
    with tempfile.TemporaryDirectory() as scratch:
        out = f"{scratch}/y.npy"
        subprocess.run([a.edgessl, "embed", a.model, *[file for _, file in files], "-o", out], check=True, capture_output=True)
        rows = np.load(out).astype(np.float64)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), np.array([label for label, _ in files])


def novelty(x: np.ndarray, y: np.ndarray, train: list[list[int]], test: np.ndarray, known: list[int]) -> dict[str, list[float]]:
    """AUROC and false acceptance of each detector, for one draw of known classes."""
    rows = [x[train[label]] for label in known]
    means, everything = np.stack([r.mean(0) for r in rows]), np.concatenate(rows)

    def inverse(differences: np.ndarray) -> np.ndarray:
        return np.linalg.inv(shrunk_covariance(differences.T @ differences / len(differences), 0.1))

    within, overall = inverse(np.concatenate([r - r.mean(0) for r in rows])), inverse(everything - everything.mean(0))

    def squares(center: np.ndarray, precision: np.ndarray) -> np.ndarray:
        return np.einsum("ij,jk,ik->i", x[test] - center, precision, x[test] - center)

    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    cosines = np.sort(x[test] @ everything.T, 1)[:, ::-1]
    scores = {
        "cosine": (x[test] @ unit.T).max(1),
        "mahalanobis": squares(everything.mean(0), overall) - np.min([squares(m, within) for m in means], 0),
        "neighbours": cosines[:, min(5, len(everything)) - 1],
    }
    inside = np.isin(y[test], known)
    found = {}
    for name, s in scores.items():
        threshold = np.sort(s[inside])[inside.sum() * 5 // 100]
        found[name] = [metrics.roc_auc_score(inside, s), 100 * (s[~inside] >= threshold).mean()]
    return found


def expected(x: np.ndarray, y: np.ndarray, draws: dict, c: float) -> dict[str, dict[str, float]]:
    train = np.concatenate(draws["train"])
    test = np.setdiff1d(np.arange(len(x)), train)

    def probe(rows: np.ndarray, strength: float) -> float:
        model = LogisticRegression(C=strength, max_iter=10000, tol=1e-8).fit(x[rows], y[rows])
        return 100 * model.score(x[test], y[test])

    result: dict[str, dict[str, float]] = {"linear": {"accuracy": probe(train, c)}}
    for name in ("labels-1", "labels-10"):
        result[name] = {"accuracy": float(np.mean([probe(np.array(rows), 10) for rows in draws[name]]))}
    result["knn"] = {
        f"k{k}": 100 * KNeighborsClassifier(k, metric="cosine", algorithm="brute").fit(x[train], y[train]).score(x[test], y[test])
        for k in (1, 5, 20)
    }
    similar = x @ x.T
    ranked = [np.delete(np.arange(len(x)), i)[np.argsort(-np.delete(similar[i], i), kind="stable")] for i in range(len(x))]
    hits = [y[r] == y[i] for i, r in enumerate(ranked)]
    precision = [metrics.average_precision_score(h, -np.arange(len(h))) for h in hits if h.any()]
    result["retrieval"] = {"meanAveragePrecision": 100 * float(np.mean(precision))} | {
        f"precision{k}": 100 * float(np.mean([h[:k].mean() for h in hits])) for k in (1, 5, 10)
    }
    clusters = draws["clusters"][0]
    result["clusters"] = {
        "normalizedMutualInformation": metrics.normalized_mutual_info_score(y, clusters),
        "adjustedRand": metrics.adjusted_rand_score(y, clusters),
        "purity": metrics.cluster.contingency_matrix(y, clusters).max(0).sum() / len(y),
    }
    rounds = [novelty(x, y, draws["train"], test, known) for known in draws["known"]]
    result["ood"] = {}
    for name in rounds[0]:
        area, accepted = np.mean([r[name] for r in rounds], 0)
        result["ood"] |= {f"{name}Auroc": float(area), f"{name}FalseAcceptance95": float(accepted)}
    return result


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--edgessl", required=True)
    p.add_argument("--model", required=True)
    p.add_argument("--photos", type=Path, required=True, help="one folder of photos for each class")
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    command = [a.edgessl, "evaluate", "--model", a.model, "--dataset", a.photos, "--protocol", PROTOCOLS, "--draws", "--json"]
    printed = subprocess.run([*command, "--seed", str(a.seed)], check=True, capture_output=True, text=True).stdout
    found = json.loads(printed)
    x, y = embeddings(a)
    worst = 0.0
    for name, figures in expected(x, y, found["draws"], found["protocols"]["linear"]["c"]).items():
        for figure, value in figures.items():
            ours = found["protocols"][name][figure]
            # One photo of the test half more or less, or a thousandth of an area.
            allowed = 100 / (len(x) / 2) + 1e-6 if value > 1 else 1e-3
            worst = max(worst, abs(ours - value) / allowed)
            print(f"{name:10} {figure:28} edgessl {ours:9.4f}  scikit-learn {value:9.4f}")
    if worst > 1:
        raise SystemExit("a figure differs")


if __name__ == "__main__":
    main()
