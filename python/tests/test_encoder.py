"""Encoders embed every form of photo."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import edgessl

PARTS = dict[str, list[Path]]


def test_shipped_encoders_open() -> None:
    assert set(edgessl.shipped_encoders()) == {"edge-m-int8", "edge-s", "edge-s-int8", "edge-xs", "edge-xs-int8"}
    for name in edgessl.shipped_encoders():
        encoder = edgessl.Encoder(name)
        assert encoder.dimension > 0 and min(encoder.input_size) > 0 and name in repr(encoder)


def test_every_form_of_a_photo_is_the_same(encoder: edgessl.Encoder, parts: PARTS) -> None:
    path = parts["gear"][0]
    image = PIL.Image.open(path)
    array = np.asarray(image.convert("RGB"))
    forms = [path, str(path), path.read_bytes(), bytearray(path.read_bytes()), memoryview(path.read_bytes())]
    rows = encoder.embed(forms)
    assert rows.shape == (5, encoder.dimension) and rows.dtype == np.float32
    assert all(np.array_equal(row, rows[0]) for row in rows)
    decoded = encoder.embed([image, array, np.asfortranarray(array), array[::1]])
    assert all(np.array_equal(row, decoded[0]) for row in decoded)
    several = encoder.embed(np.stack([array, array[:, ::-1]]))
    assert several.shape[0] == 2 and np.array_equal(several[0], decoded[0]) and not np.array_equal(several[1], decoded[0])
    assert encoder.embed(path).shape == (1, encoder.dimension)
    grey = np.asarray(image.convert("L"))
    assert np.array_equal(encoder.embed(grey), encoder.embed(np.repeat(grey[..., None], 3, 2)))
    assert encoder.embed([]).shape == (0, encoder.dimension)


def test_threads_change_no_bit(encoder: edgessl.Encoder, parts: PARTS) -> None:
    photos = [photo for some in parts.values() for photo in some]
    one = encoder.embed(photos)
    for threads in (2, 5, 64):
        assert np.array_equal(encoder.embed(photos, threads=threads), one)
    with pytest.raises(ValueError, match="threads is 0"):
        encoder.embed(photos, threads=0)


def test_views_are_a_mean(encoder: edgessl.Encoder, parts: PARTS) -> None:
    rows = [encoder.embed(parts["nut"][:1], views=views)[0] for views in range(1, 9)]
    assert len({row.tobytes() for row in rows}) == 8
    for views in (0, 9):
        with pytest.raises(edgessl.Error) as caught:
            encoder.embed(parts["nut"][:1], views=views)
        assert caught.value.status == 68


def test_copies_and_pickles_say_the_same(encoder: edgessl.Encoder, parts: PARTS) -> None:
    expected = encoder.embed(parts["bolt"][:1])
    for other in (copy.deepcopy(encoder), pickle.loads(pickle.dumps(encoder)), edgessl.Encoder(encoder.to_bytes())):
        assert np.array_equal(other.embed(parts["bolt"][:1]), expected) and other.checksum == encoder.checksum


def test_damaged_files_are_refused_with_their_place(encoder: edgessl.Encoder) -> None:
    data = bytearray(encoder.to_bytes())
    data[len(data) // 2] ^= 1
    with pytest.raises(edgessl.ModelFileError, match="checksum") as caught:
        edgessl.Encoder(bytes(data))
    assert caught.value.status == 5 and edgessl.status_text(5) in str(caught.value)
    for short in (b"", bytes(data[:100])):
        with pytest.raises(edgessl.ModelFileError):
            edgessl.Encoder(short)
    with pytest.raises(FileNotFoundError, match="edge-xs"):
        edgessl.Encoder("edge-z")


@pytest.mark.parametrize(
    "photo",
    [
        b"", b"\xff\xd8\xff", b"no photo", "missing.jpg", np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 4, 3), np.float32), PIL.Image.new("F", (4, 4)),
    ],
)  # fmt: skip
def test_bad_photos_are_refused(encoder: edgessl.Encoder, photo: edgessl.Image) -> None:
    with pytest.raises(edgessl.PhotoError):
        encoder.embed([photo])


def test_other_types_are_refused(encoder: edgessl.Encoder) -> None:
    with pytest.raises(TypeError, match="not int"):
        encoder.embed([3])  # type: ignore[list-item]


def test_cut_off_photos_are_refused(encoder: edgessl.Encoder, parts: PARTS) -> None:
    data = parts["gear"][0].read_bytes()
    with pytest.raises(edgessl.PhotoError, match="the bytes"):
        encoder.embed([data[: len(data) // 2]])
