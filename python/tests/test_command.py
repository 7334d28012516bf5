"""The package and the command say the same, bit for bit."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import edgessl

PARTS = dict[str, list[Path]]
ROOT = Path(__file__).resolve().parents[2]


def run(command: str, *arguments: object) -> str:
    done = subprocess.run([command, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def embedded(command: str, encoder: str, photos: list[Path], folder: Path) -> np.ndarray:
    model = next(ROOT.glob(f"models/*/{encoder}.tnn"))
    run(command, "embed", model, *photos, "-o", folder / "y.npy")
    return np.load(folder / "y.npy").reshape(len(photos), -1)


@pytest.mark.parametrize("name", ["edge-s", "edge-s-int8", "edge-xs-int8"])
def test_embeddings(command: str, parts: PARTS, name: str, tmp_path: Path) -> None:
    photos = [photo for some in parts.values() for photo in some]
    assert np.array_equal(edgessl.Encoder(name).embed(photos, threads=2), embedded(command, name, photos, tmp_path))


def made_photos(folder: Path) -> list[Path]:
    """Photos of each kind that people have: sizes, orientations, colours, formats."""
    random = np.random.default_rng(7)
    small = random.integers(0, 256, (40, 60, 3), np.uint8)
    made: list[Path] = []

    def save(image: PIL.Image.Image, name: str, **options: object) -> None:
        image.save(folder / name, **options)
        made.append(folder / name)

    for width, height in ((17, 23), (300, 301), (1000, 700), (1603, 1201), (4001, 3003)):
        save(PIL.Image.fromarray(small).resize((width, height), PIL.Image.Resampling.BICUBIC), f"{width}.jpg", quality=90)
    image = PIL.Image.fromarray(small).resize((1201, 902), PIL.Image.Resampling.BICUBIC)
    for orientation in range(1, 9):
        exif = PIL.Image.Exif()
        exif[0x0112] = orientation
        save(image, f"turned{orientation}.jpg", exif=exif, quality=85)
        save(image.resize((150, 170)), f"turned{orientation}.png", exif=exif)
    for mode in ("L", "CMYK"):
        save(image.convert(mode), f"{mode}.jpg")
    for subsampling in (0, 1, 2):
        save(image, f"sampled{subsampling}.jpg", subsampling=subsampling, progressive=subsampling == 1)
    for mode in ("1", "L", "LA", "P", "RGBA"):
        save(image.resize((200, 160)).convert(mode), f"{mode}.png")
    grey = (np.asarray(image.resize((200, 160)).convert("L")).astype(np.uint16) << 8) + 77
    save(PIL.Image.fromarray(grey), "16.png")
    save(image.resize((90, 80)), "photo.ppm")
    return made


def test_every_kind_of_photo(command: str, tmp_path: Path) -> None:
    photos = made_photos(tmp_path)
    ours, theirs = edgessl.Encoder("edge-s").embed(photos), embedded(command, "edge-s", photos, tmp_path)
    differing = [photo.name for photo, a, b in zip(photos, ours, theirs) if not np.array_equal(a, b)]
    assert not differing, f"libjpeg of Pillow: {PIL.features.version('libjpeg_turbo')}"


@pytest.mark.parametrize("method", ["auto", "prototype", "lda", "knn"])
def test_task_files(command: str, parts: PARTS, method: edgessl.Method, tmp_path: Path) -> None:
    path = tmp_path / "task.tnn"
    model = ROOT / "models/edge-s/edge-s.tnn"
    run(command, "adapt", ROOT / "Examples/parts/support", "--model", model, "-o", path, "--method", method)
    task = edgessl.Task.learn("edge-s", parts, method=method)
    assert task.to_bytes() == path.read_bytes()

    # Edits of both, on both.
    run(command, "classes", path, "--remove", "nut")
    task.remove("nut")
    assert task.to_bytes() == path.read_bytes()
    run(command, "classes", path, "--rename", "gear=Zahnrad")
    loaded = edgessl.Task.load(path)
    task.rename("gear", "Zahnrad")
    assert task.to_bytes() == loaded.to_bytes()
    assert [state.classes for state in loaded.history] == [state.classes for state in task.history]
    run(command, "classes", path, "--undo")
    task.undo()
    assert task.to_bytes() == path.read_bytes()

    task.save(path)
    photos = [some[0] for some in parts.values()]
    lines = [json.loads(line) for line in run(command, "classify", *photos, "--model", path, "--json", "--top", 9).splitlines()]
    for line, answer in zip(lines, task.classify_many(photos)):
        assert line["unknown"] == answer.is_unknown
        top = [(entry["label"], np.float32(entry["confidence"])) for entry in line["top"]]
        assert top == [(label, np.float32(confidence)) for label, confidence in answer.top]


@pytest.mark.parametrize("views", [3, 7])
def test_views(command: str, parts: PARTS, views: int, tmp_path: Path) -> None:
    path = tmp_path / "task.tnn"
    model = ROOT / "models/edge-xs/edge-xs-int8.tnn"
    run(command, "adapt", ROOT / "Examples/parts/support", "--model", model, "-o", path, "--views", views)
    assert edgessl.Task.learn("edge-xs-int8", parts, views=views).to_bytes() == path.read_bytes()


def test_photos_from_memory_are_photos_from_files(command: str, parts: PARTS, tmp_path: Path) -> None:
    photo = parts["gear"][0]
    assert np.array_equal(edgessl.Encoder().embed(photo.read_bytes()), embedded(command, "edge-s", [photo], tmp_path))
    picture = io.BytesIO()
    PIL.Image.open(photo).save(picture, "PNG")
    assert edgessl.Encoder().embed(picture.getvalue()).shape[0] == 1


def test_import_and_quantize(command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EDGESSL_COMMAND", command)
    onnx = ROOT / "models/edge-xs/edge-xs.onnx"
    encoder = edgessl.import_onnx(onnx, tmp_path / "xs.tnn", "--preset", "imagenet")
    assert encoder.dimension > 0
    with pytest.raises(edgessl.CommandError) as caught:
        edgessl.import_onnx(tmp_path / "missing.onnx", tmp_path / "y.tnn")
    assert caught.value.exit_code == 66 and "missing.onnx" in caught.value.text
    monkeypatch.setenv("EDGESSL_COMMAND", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(edgessl.CommandError, match="not installed"):
        edgessl.import_onnx(onnx, tmp_path / "y.tnn")
