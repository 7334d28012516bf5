"""The classifier in scikit-learn's tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.exceptions import SkipTestWarning
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator

import edgessl
from edgessl.sklearn import FewShotClassifier

PARTS = dict[str, list[Path]]

#: scikit-learn's checks that need no table of numbers; `check_estimator` leaves out all others for estimators of photos.
WITHOUT_TABLES = [
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
]


def data(parts: PARTS) -> tuple[list[Path], list[str]]:
    return [photo for some in parts.values() for photo in some], [name for name, some in parts.items() for _ in some]


def test_check_estimator_passes() -> None:
    with pytest.warns(SkipTestWarning, match="string=True"):
        results: list[dict[str, Any]] = check_estimator(FewShotClassifier(), on_fail=None)  # type: ignore[call-arg]
    assert results and all(result["status"] == "passed" for result in results)


@pytest.mark.parametrize("name", WITHOUT_TABLES)
def test_checks_that_need_no_table(name: str) -> None:
    getattr(estimator_checks, name)("FewShotClassifier", FewShotClassifier())


def test_cross_validation_of_paths(parts: PARTS) -> None:
    photos, labels = data(parts)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    scores = cross_val_score(FewShotClassifier(threads=2), np.array(photos, object), labels, cv=folds)
    assert scores.shape == (5,) and scores.mean() >= 0.8
    search = GridSearchCV(FewShotClassifier(), {"method": ["prototype", "ridge"]}, cv=2)
    search.fit(np.array([str(photo) for photo in photos]), labels)
    assert search.best_params_["method"] in ("prototype", "ridge")


def test_a_pipeline_of_arrays(parts: PARTS) -> None:
    photos, labels = data(parts)
    images = np.stack([np.asarray(PIL.Image.open(photo).convert("RGB").resize((128, 128))) for photo in photos])
    pipeline = Pipeline([("mirror", FunctionTransformer(lambda X: X[:, :, ::-1])), ("classify", FewShotClassifier())])
    pipeline.fit(images, labels)
    predicted, probabilities = pipeline.predict(images), pipeline.predict_proba(images)
    assert pipeline.score(images, labels) >= 0.9
    assert probabilities.shape == (len(photos), 5) and np.allclose(probabilities.sum(1), 1, atol=1e-5)
    assert list(pipeline.classes_[probabilities.argmax(1)]) == list(predicted)


def test_it_is_the_task(parts: PARTS, encoder: edgessl.Encoder) -> None:
    photos, labels = data(parts)
    model = FewShotClassifier(encoder, unknown_label="nothing").fit(photos, labels)
    task = edgessl.Task.learn(encoder, parts)
    answers = task.classify_many(photos)
    assert list(model.predict(photos)) == ["nothing" if answer.is_unknown else answer.label for answer in answers]
    assert np.array_equal(model.decision_function(photos) >= 0, [not answer.is_unknown for answer in answers])
    numbers = FewShotClassifier(encoder).fit(photos, [list(parts).index(label) * 10 for label in labels])
    assert set(numbers.predict(photos[:3])) <= {0, 10, 20, 30, 40}
    assert clone(model).unknown_label == "nothing"


@pytest.mark.parametrize("X", [np.zeros((4, 3)), np.zeros((4, 2, 2)), [], [[1.0, 2.0]] * 4])
def test_tables_are_refused(X: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        FewShotClassifier().fit(X, [0, 1, 0, 1])


def test_labels_are_checked(parts: PARTS) -> None:
    photos, labels = data(parts)
    for bad in (None, labels[:-1], ["one"] * len(photos)):
        with pytest.raises(ValueError):
            FewShotClassifier().fit(photos, bad)  # type: ignore[arg-type]
