"""Tasks learn, answer, change, go back, and are saved."""

from __future__ import annotations

import copy
import pickle
import threading
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import edgessl

PARTS = dict[str, list[Path]]
METHODS = ["auto", "prototype", "centred", "lda", "ridge", "logistic", "knn"]


@pytest.mark.parametrize("method", METHODS)
def test_heads_know_what_they_learned(encoder: edgessl.Encoder, parts: PARTS, method: edgessl.Method) -> None:
    task = edgessl.Task.learn(encoder, parts, method=method, threads=2)
    assert task.classes == {name: len(photos) for name, photos in parts.items()}
    assert task.head.is_chosen == (method == "auto") and (method == "auto" or task.head.method == method)
    answers = {name: task.classify_many(photos, threads=2) for name, photos in parts.items()}
    right = sum(answer.label == name for name, some in answers.items() for answer in some)
    assert right >= 24
    for answer in answers["gear"]:
        assert answer.top[0] == (answer.label, answer.confidence)
        assert sum(answer.confidences.values()) == pytest.approx(1, abs=1e-5)
        assert answer.is_unknown == (answer.score < answer.threshold)


def test_what_an_encoder_cannot_learn_is_refused(encoder: edgessl.Encoder, parts: PARTS) -> None:
    with pytest.raises(edgessl.TaskError, match="negative") as caught:
        edgessl.Task.learn(encoder, parts, method="power")
    assert caught.value.status == 107
    with pytest.raises(ValueError, match="method is 'best'"):
        edgessl.Task.learn(encoder, parts, method="best")  # type: ignore[arg-type]
    with pytest.raises(edgessl.TaskError, match="two classes"):
        edgessl.Task.learn(encoder, {"gear": parts["gear"]})
    with pytest.raises(edgessl.TaskError, match="'nut': no photos"):
        edgessl.Task.learn(encoder, {"gear": parts["gear"], "nut": []})
    with pytest.raises(edgessl.TaskError, match="control characters"):
        edgessl.Task.learn(encoder, {"gear": parts["gear"], "n\nut": parts["nut"]})
    with pytest.raises(edgessl.TaskError, match="control characters"):
        edgessl.Task.learn(encoder, {"gear": parts["gear"], "nut\0": parts["nut"]})
    with pytest.raises(edgessl.TaskError, match="knows no classes"):
        edgessl.Task.load(encoder.to_bytes())


def test_edits_go_back(task: edgessl.Task, parts: PARTS) -> None:
    files, extra = [task.to_bytes()], parts["gear"][:2]
    assert task.add("cog", extra) == 2
    files.append(task.to_bytes())
    assert task.add("cog", extra) == 0 and task.to_bytes() == files[-1], "copies change nothing"
    task.rename("cog", "Zahnrad")
    files.append(task.to_bytes())
    task.remove("gear")
    assert list(task.classes) == ["Zahnrad", "bolt", "nut", "spring", "washer"]
    assert [list(state.classes) for state in task.history] == [
        ["bolt", "gear", "nut", "spring", "washer"],
        ["bolt", "cog", "gear", "nut", "spring", "washer"],
        ["Zahnrad", "bolt", "gear", "nut", "spring", "washer"],
    ]
    loaded = edgessl.Task.load(task.to_bytes())
    for expected in reversed(files):
        loaded.undo()
        assert loaded.to_bytes() == expected
    with pytest.raises(edgessl.TaskError, match="nothing to undo"):
        loaded.undo()
    for _ in range(2):
        task.remove(next(iter(task.classes)))
    for edit in (lambda: task.remove("gear"), lambda: task.rename("gear", "x"), lambda: task.rename("nut", "spring")):
        before = task.to_bytes()
        with pytest.raises(edgessl.TaskError):
            edit()
        assert task.to_bytes() == before


def test_a_state_larger_than_the_task_comes_back(encoder: edgessl.Encoder, parts: PARTS) -> None:
    names = [f"c{index:02}" for index in range(20)]
    photos = [photo for some in parts.values() for photo in some]
    task = edgessl.Task.learn(encoder, {name: photos[:8] for name in names}, method="prototype", threads=2)
    before = task.to_bytes()
    for name in names[2:10]:
        task.remove(name)
    assert len(task.classes) == 12 and len(task.history) == 8 and len(task.history[0].classes) == 20
    for _ in range(8):
        task.undo()
    assert task.to_bytes() == before


def test_merging_is_the_same_in_any_order(encoder: edgessl.Encoder, parts: PARTS) -> None:
    def learn(*names: str) -> edgessl.Task:
        return edgessl.Task.learn(encoder, {name: parts[name][:3] for name in names}, method="prototype")

    tasks = [("bolt", "nut"), ("gear", "nut"), ("spring", "washer", "bolt")]
    results = set()
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        first, *others = (learn(*tasks[index]) for index in order)
        added = [first.merge(other) for other in others]
        assert sum(added) + len(tasks[order[0]]) * 3 == 15
        while first.history:
            first = edgessl.Task.load(_without_history(first))
        results.add(first.to_bytes())
    assert len(results) == 1
    other = edgessl.Task.learn("edge-xs", {name: parts[name][:1] for name in ("bolt", "nut")})
    with pytest.raises(edgessl.TaskError, match="another encoder") as caught:
        learn("bolt", "nut").merge(other)
    assert caught.value.status == 110


def _without_history(task: edgessl.Task) -> bytes:
    """The same classes, learned by merging into the first state of an equal task."""
    encoder = edgessl.Encoder("edge-s")
    from edgessl._editor import Editor

    editor = Editor(encoder._model, len(task.classes), sum(task.classes.values()))
    editor.merge(task._learned.model)
    return editor.learn("prototype").array.tobytes()


def test_photos_without_labels_stay(encoder: edgessl.Encoder, parts: PARTS) -> None:
    labelled = {name: photos[:1] for name, photos in parts.items()}
    others = [photo for photos in parts.values() for photo in photos[1:]]
    task = edgessl.Task.learn(encoder, labelled, unlabelled=others)
    alone = edgessl.Task.learn(encoder, labelled)
    assert 1 <= task.unlabelled_count <= len(others) and alone.unlabelled_count == 0
    assert alone.add_unlabelled(others) == task.unlabelled_count
    assert alone.to_bytes() == task.to_bytes()
    task.remove("nut")
    assert task.unlabelled_count == alone.unlabelled_count
    alone.forget_unlabelled()
    assert alone.to_bytes() == edgessl.Task.learn(encoder, labelled).to_bytes()


def test_relearning_is_learning(encoder: edgessl.Encoder, parts: PARTS) -> None:
    task = edgessl.Task.learn(encoder, parts, method="knn")
    task.relearn("lda")
    assert task.to_bytes() == edgessl.Task.learn(encoder, parts, method="lda").to_bytes()


def test_files_say_the_same(task: edgessl.Task, parts: PARTS, tmp_path: Path) -> None:
    path = tmp_path / "parts.tnn"
    task.save(path)
    answer = task.classify(parts["gear"][0])
    copies = (edgessl.Task.load(path), edgessl.Task.load(task.to_bytes()), pickle.loads(pickle.dumps(task)), copy.deepcopy(task))
    for other in copies:
        again = other.classify(parts["gear"][0])
        assert (again.label, again.score, again.confidences) == (answer.label, answer.score, answer.confidences)
    assert path.stat().st_mode & 0o777 == 0o644 and [entry.name for entry in tmp_path.iterdir()] == ["parts.tnn"]
    with pytest.raises(OSError):
        task.save(tmp_path / "missing" / "parts.tnn")
    row = task.encoder.embed(parts["gear"][:1])[0]
    assert task.classify_embedding(row).score == answer.score
    with pytest.raises(edgessl.TaskError, match="shape"):
        task.classify_embedding(row[:3])
    with pytest.raises(edgessl.PhotoError, match="not finite"):
        task.classify_embedding(np.full_like(row, np.nan))


def test_arrays_after_one_another(task: edgessl.Task, parts: PARTS) -> None:
    """Whatever array came before, an answer is that of the pixels."""
    array = np.asarray(PIL.Image.open(parts["gear"][0]).convert("RGB"))
    square = np.ascontiguousarray(array[:200, :200])
    arrays = [
        array, array.copy(), array[:, ::-1], array[::-1], square, square.transpose(1, 0, 2), np.asfortranarray(square), square,
        array[::2], array[..., 0], array[..., ::-1], array, array.view(np.recarray), array.reshape(320, 256, 3), array[:1, :1],
    ]  # fmt: skip
    for other in arrays:
        expected = task.classify_embedding(task.encoder.embed([np.array(other, order="C")])[0])
        assert task.classify(other).confidences == expected.confidences
    for wrong in (array.astype(np.int8), array.view(np.int8), array.astype(np.float32)):
        with pytest.raises(edgessl.PhotoError):
            task.classify(wrong)


def test_a_hundred_threads_give_the_same_bits(task: edgessl.Task, parts: PARTS) -> None:
    photos = [photo for some in parts.values() for photo in some]
    expected = [(answer.label, answer.score, answer.confidences) for answer in map(task.classify, photos)]
    start, wrong = threading.Barrier(100), []

    def classify(first: int) -> None:
        start.wait()
        for step in range(10):
            index = (first + step) % len(photos)
            answer = task.classify(photos[index])
            if (answer.label, answer.score, answer.confidences) != expected[index]:
                wrong.append((first, index, answer))

    threads = [threading.Thread(target=classify, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_edits_beside_answers(task: edgessl.Task, parts: PARTS) -> None:
    """Who classifies while classes come and go gets an answer of one of both tasks."""
    photo, done = parts["gear"][0], threading.Event()
    first = task.classify(photo).confidences
    task.remove("nut")
    second = task.classify(photo).confidences
    task.undo()
    seen: list[dict[str, float]] = []

    def classify() -> None:
        while not done.is_set():
            seen.append(task.classify(photo).confidences)

    threads = [threading.Thread(target=classify) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        task.remove("nut")
        task.undo()
    done.set()
    for thread in threads:
        thread.join()
    assert seen and all(answer in (first, second) for answer in seen)
