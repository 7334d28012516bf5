"""Few-shot episodes with cosine prototypes."""

import numpy as np


def unit(e: np.ndarray) -> np.ndarray:
    return e / np.maximum(np.linalg.norm(e, axis=-1, keepdims=True), 1e-12)


def accuracy(
    embeddings: np.ndarray, labels: np.ndarray, shots: int, episodes: int = 600, ways: int = 5, queries: int = 15, seed: int = 0
) -> tuple[float, float]:
    """Mean accuracy over episodes and half of its 95 % confidence interval, both in percent.

    Every class with at least shots + queries photos takes part.
    """
    rng = np.random.default_rng(seed)
    e = unit(np.asarray(embeddings, np.float64))
    members = [np.flatnonzero(labels == c) for c in np.unique(labels)]
    members = [m for m in members if len(m) >= shots + queries]
    scores = np.empty(episodes)
    for i in range(episodes):
        chosen = [rng.permutation(members[c])[: shots + queries] for c in rng.choice(len(members), ways, False)]
        prototypes = unit(np.stack([e[m[:shots]].mean(0) for m in chosen]))
        answers = (e[np.concatenate([m[shots:] for m in chosen])] @ prototypes.T).argmax(1)
        scores[i] = (answers == np.repeat(np.arange(ways), queries)).mean()
    return 100 * scores.mean(), 196 * scores.std(ddof=1) / np.sqrt(episodes)
