"""The tail trains, step by step, with the bits of a program in C."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import edgessl

PARTS = dict[str, list[Path]]
TESTS = Path(__file__).resolve().parent
LIBRARY = Path(edgessl.__file__).with_name("libtinynn.so")


def arrays_of(parts: PARTS) -> list[np.ndarray]:
    """One photo of each class, of one size."""
    return [np.asarray(PIL.Image.open(photos[0]).convert("RGB").resize((320, 256))) for photos in parts.values()]


def train(task: edgessl.Task, photos: list[edgessl.Image], first: int, optimizer: edgessl.Optimizer, steps: int):  # noqa: ANN201
    """Photo i is of class i."""
    trainer = edgessl.Trainer(task.encoder, first, batch=len(photos), optimizer=optimizer)
    for slot, photo in enumerate(photos):
        trainer.load(slot, photo)
    losses = []
    for _ in range(steps):
        trainer.forward()
        losses.append([trainer.prototype_loss(slot, task, name) for slot, name in enumerate(task.classes)])
        trainer.backward()
        trainer.step(1e-4, weight_decay=0.01, average_decay=0.5)
    trainer.adopt_average()
    return trainer.encoder(), losses


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
@pytest.mark.parametrize(("name", "optimizer"), [("edge-s", "adam"), ("edge-s", "sgd"), ("edge-xs-int8", "adam")])
def test_the_bits_of_a_program_in_c(parts: PARTS, name: str, optimizer: edgessl.Optimizer, tmp_path: Path) -> None:
    task = edgessl.Task.learn(name, {label: photos[:3] for label, photos in parts.items()}, method="prototype")
    task.save(tmp_path / "task.tnn")
    arrays = arrays_of(parts)
    (tmp_path / "pixels").write_bytes(b"".join(array.tobytes() for array in arrays))
    (tmp_path / "libtinynn.so.1").symlink_to(LIBRARY)
    include, program = TESTS.parents[1] / "Sources/CInterfaceHeader/include", tmp_path / "trainer"
    subprocess.run(["cc", "-O2", "-I", include, TESTS / "trainer.c", LIBRARY, f"-Wl,-rpath,{tmp_path}", "-o", program], check=True)
    first, steps = edgessl.Trainer.cuts(name)[-4], 4
    arguments = [*arrays[0].shape[:2], first, int(optimizer == "adam"), steps]
    done = subprocess.run(
        [program, tmp_path / "task.tnn", tmp_path / "pixels", *map(str, arguments), tmp_path / "trained.tnn"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip

    encoder, losses = train(task, arrays, first, optimizer, steps)
    assert [loss for row in losses for loss in row] == [float.fromhex(line) for line in done.stdout.split()]
    assert encoder.to_bytes() == (tmp_path / "trained.tnn").read_bytes()
    assert sum(losses[-1]) < sum(losses[0])
    assert not np.array_equal(encoder.embed(arrays), task.encoder.embed(arrays))
    trained = edgessl.Task.learn(encoder, {label: photos[:3] for label, photos in parts.items()}, method="prototype")
    assert [answer.label for answer in trained.classify_many(arrays)] == list(parts)


def test_cuts_kept_and_a_loss_of_ones_own(encoder: edgessl.Encoder, parts: PARTS) -> None:
    """What `cut` gave trains in place of the photo, and a written gradient moves the embedding against it."""
    arrays = arrays_of(parts)[:2]
    cuts = edgessl.Trainer.cuts(encoder)
    assert 0 < len(cuts) < encoder.operator_count and cuts == sorted(cuts)
    trainer, other = (edgessl.Trainer(encoder, cuts[-1], batch=2, optimizer="sgd", keeps_average=False) for _ in range(2))
    for slot, array in enumerate(arrays):
        trainer.load(slot, array)
        other.cut(slot)[:] = trainer.cut(slot)
    before = []
    for one in (trainer, other):
        one.forward()
        before = [one.embedding(slot).copy() for slot in range(2)]
        for slot in range(2):
            one.gradient(slot)[:] = before[slot]
        one.backward()
        one.step(1e-3)
    assert trainer.encoder().to_bytes() == other.encoder().to_bytes()
    trainer.forward()
    assert all(np.linalg.norm(trainer.embedding(slot)) < np.linalg.norm(before[slot]) for slot in range(2))
    assert np.array_equal(before[0], encoder.embed(arrays[0])[0])
    with pytest.raises(ValueError, match="read-only"):
        trainer.embedding(0)[0] = 1


def test_files_are_decoded_in_full(encoder: edgessl.Encoder, tmp_path: Path) -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (30, 40, 3), np.uint8)
    PIL.Image.fromarray(pixels).resize((1600, 1200)).save(tmp_path / "large.jpg")
    trainer = edgessl.Trainer(encoder, edgessl.Trainer.cuts(encoder)[-1], batch=2)
    trainer.load(0, tmp_path / "large.jpg")
    trainer.load(1, np.asarray(PIL.Image.open(tmp_path / "large.jpg")))
    assert np.array_equal(trainer.cut(0), trainer.cut(1))


def test_wrong_calls_are_refused(encoder: edgessl.Encoder, task: edgessl.Task, parts: PARTS) -> None:
    cuts = edgessl.Trainer.cuts(encoder)
    wrong = [(-1, 2, 68), (1000, 2, 68), (encoder.operator_count, 2, 112), (cuts[-1], 0, 68), (cuts[-1], 5000, 68)]
    for first, batch, status in wrong:
        with pytest.raises(edgessl.Error, match="edge-s.tnn, operator") as caught:
            edgessl.Trainer(encoder, first, batch=batch)
        assert caught.value.status == status
    with pytest.raises(ValueError, match="optimizer is 'rmsprop'"):
        edgessl.Trainer(encoder, cuts[-1], optimizer="rmsprop")  # type: ignore[arg-type]
    trainer = edgessl.Trainer(encoder, cuts[-1], batch=1, keeps_average=False)
    for call, status in [
        (trainer.backward, 119), (lambda: trainer.embedding(0), 119), (lambda: trainer.prototype_loss(0, task, "nut"), 119),
        (lambda: trainer.cut(1), 68), (lambda: trainer.load(1, parts["nut"][0]), 68), (lambda: trainer.step(-1), 68),
        (lambda: trainer.step(float("nan")), 68), (trainer.adopt_average, 68),
    ]:  # fmt: skip
        with pytest.raises(edgessl.Error) as caught:
            call()
        assert caught.value.status == status
    with pytest.raises(edgessl.TaskError, match="'cog': no such class"):
        trainer.prototype_loss(0, task, "cog")
    with pytest.raises(edgessl.PhotoError):
        trainer.load(0, b"no photo")
