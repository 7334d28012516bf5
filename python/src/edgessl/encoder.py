"""Encoders: networks that turn a photo into an embedding."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from ._images import Image
from ._model import Model, file_bytes

_MODELS = Path(__file__).with_name("models")


def shipped_encoders() -> tuple[str, ...]:
    """The names of the encoders inside the package."""
    return tuple(sorted(path.stem for path in _MODELS.glob("*.tnn")))


def photo_list(photos: Iterable[Image] | Image) -> list[Image]:
    """Photos as a list: several, one, or an array [n, height, width, 3]."""
    if isinstance(photos, np.ndarray) and photos.dtype == np.uint8:
        return list(photos) if photos.ndim == 4 else [photos]
    if isinstance(photos, (str, os.PathLike, bytes, bytearray, memoryview, PIL.Image.Image)):
        return [photos]
    return list(photos)


class Encoder:
    """A .tnn file with an encoder in it, ready to embed photos. Any thread may use it.

    Args:
        source: The name of a shipped encoder (`shipped_encoders`), the path of a .tnn file, or its bytes. Task files are
            encoders, too.

    Raises:
        ModelFileError: The file is damaged or no .tnn file.
        OSError: It cannot be read.
    """

    def __init__(self, source: str | os.PathLike[str] | bytes = "edge-s") -> None:
        if isinstance(source, str) and os.sep not in source and "." not in source and not os.path.exists(source):
            path = _MODELS / f"{source}.tnn"
            if not path.exists():
                names = ", ".join(shipped_encoders())
                raise FileNotFoundError(f"{source}: no such file, and no shipped encoder of that name; there are {names}")
            source = path
        self._model = Model(*file_bytes(source))

    @property
    def dimension(self) -> int:
        """Values of an embedding."""
        return self._model.dimension

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width of what the network sees; 0 where the file does not say."""
        return self._model.info.input_height, self._model.info.input_width

    @property
    def operator_count(self) -> int:
        """Operators of the network."""
        return int(self._model.info.operator_count)

    @property
    def checksum(self) -> int:
        """Of the file, as its header states it."""
        return int(self._model.info.checksum)

    def embed(self, photos: Iterable[Image] | Image, *, threads: int = 1, views: int = 1) -> NDArray[np.float32]:
        """The embeddings of photos, [n, dimension], as the network gives them.

        The bits do not depend on the threads, nor on the machine.

        Args:
            photos: Paths, bytes of files, Pillow images or arrays of uint8; an array of [n, height, width, 3] is n photos.
            threads: Photos that are decoded and embedded at a time.
            views: 1, or how many views (2 to 8: mirror images and crops) the mean is taken of.

        Raises:
            PhotoError: A photo cannot be read, or the network takes no photos.
        """
        return self._model.embed(photo_list(photos), views, threads)[0]

    def to_bytes(self) -> bytes:
        """The file."""
        return self._model.file.array.tobytes()

    def __repr__(self) -> str:
        return f"Encoder({self._model.name!r}, dimension={self.dimension})"

    def __reduce__(self) -> tuple[type[Encoder], tuple[bytes]]:
        return Encoder, (self.to_bytes(),)
