"""A scikit-learn classifier of photos: ``pip install edgessl[sklearn]``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import check_is_fitted

from ._images import Image
from .encoder import Encoder, photo_list
from .task import Method, Task


class FewShotClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Learns classes from a few photos each.

    X is a sequence of photos: paths, bytes, Pillow images, or arrays of uint8, also as one array [n, height, width, 3]. Tables of
    numbers are refused: they are no photos.

    Args:
        encoder: The name of a shipped encoder, a path, or an `Encoder`.
        method: The head, "auto" for the one that suits the photos.
        views: Views of each photo whose mean is learned; ``None``: as many as suit their number.
        threads: Photos that are decoded and embedded at a time.
        unknown_label: What `predict` says of photos that show none of the classes; ``None``: the nearest class.

    Attributes:
        classes_: The labels, sorted.
        task_: The learned `Task`, whose classes are the labels' places in `classes_`.
    """

    def __init__(
        self, encoder: str | Encoder = "edge-s", *, method: Method = "auto", views: int | None = None, threads: int = 1,
        unknown_label: Any = None,
    ) -> None:  # fmt: skip
        self.encoder = encoder
        self.method = method
        self.views = views
        self.threads = threads
        self.unknown_label = unknown_label

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags

    def fit(self, X: Sequence[Image] | NDArray[np.uint8], y: Sequence[Any] | NDArray[Any]) -> FewShotClassifier:
        """Learns from photos and their labels."""
        photos = _photos(X)
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        check_classification_targets(y)
        labels = np.asarray(y)
        if labels.ndim != 1 or len(labels) != len(photos):
            raise ValueError(f"y has shape {labels.shape}; it needs one label for each of {len(photos)} photos")
        self.classes_ = unique_labels(labels)
        if len(self.classes_) < 2:
            raise ValueError(f"y has 1 class ({self.classes_[0]!r}); at least two are needed to tell them apart")
        groups = {
            str(place): [photos[index] for index in np.flatnonzero(labels == label)] for place, label in enumerate(self.classes_)
        }
        self.task_ = Task.learn(self.encoder, groups, method=self.method, views=self.views, threads=self.threads)
        return self

    def predict(self, X: Sequence[Image] | NDArray[np.uint8]) -> NDArray[Any]:
        """The label of each photo, [n]."""
        check_is_fitted(self)
        answers = self.task_.classify_many(_photos(X), threads=self.threads)
        labels: NDArray[Any] = self.classes_[[int(answer.label) for answer in answers]]
        unknown = [answer.is_unknown and self.unknown_label is not None for answer in answers]
        return np.where(unknown, self.unknown_label, labels) if any(unknown) else labels

    def predict_proba(self, X: Sequence[Image] | NDArray[np.uint8]) -> NDArray[np.float64]:
        """The probability of each class, [n, classes], in the order of `classes_`."""
        check_is_fitted(self)
        answers = self.task_.classify_many(_photos(X), threads=self.threads)
        places = [str(place) for place in range(len(self.classes_))]
        return np.array([[answer.confidences[place] for place in places] for answer in answers], np.float64)

    def decision_function(self, X: Sequence[Image] | NDArray[np.uint8]) -> NDArray[np.float64]:
        """How far each photo is from being unknown, [n]: above 0 it is known. For measures of rejection."""
        check_is_fitted(self)
        answers = self.task_.classify_many(_photos(X), threads=self.threads)
        return np.array([answer.score - answer.threshold for answer in answers], np.float64)


def _photos(X: Any) -> list[Image]:
    if hasattr(X, "toarray") or hasattr(X, "dtypes"):
        raise TypeError(f"X is a {type(X).__name__}; FewShotClassifier takes photos: paths, bytes, images, arrays of uint8")
    if isinstance(X, np.ndarray) and X.dtype != object and X.dtype.kind not in "US" and X.ndim != 4:
        raise ValueError(f"X has shape {X.shape} of {X.dtype}; arrays of photos are [n, height, width, 3] of uint8")
    is_text = isinstance(X, np.ndarray) and X.dtype.kind == "U"
    photos: list[Image] = [str(path) for path in X] if is_text else photo_list(X)
    if not photos:
        raise ValueError("X has 0 sample(s) (photos); a minimum of 1 is required")
    return photos
