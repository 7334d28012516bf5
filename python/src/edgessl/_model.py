"""An opened .tnn file, and the sessions that run it: one for each call at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from ctypes import byref, c_size_t, c_void_p
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ._images import Image, Pixels, read
from ._library import FileError, Memory, ModelInfo, Photo, address_of, check, embed_photo, lib, status_text
from .errors import ModelFileError, PhotoError

Result = TypeVar("Result")
Item = TypeVar("Item")

_PIXELS = np.dtype(np.uint8)


def file_bytes(source: str | os.PathLike[str] | bytes | bytearray | memoryview) -> tuple[Memory, str]:
    """The bytes of a file where the library can use them, and what to call it in errors."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return Memory.copying(source), "the bytes"
    data = Path(source).read_bytes()
    return Memory.copying(data), os.fspath(source)


class Model:
    """A checked .tnn file."""

    def __init__(self, file: Memory, name: str) -> None:
        self.file = file
        self.name = name
        self._memory = Memory(int(lib.tinynn_model_required_bytes()))
        handle, error = c_void_p(), FileError()
        status = lib.tinynn_model_open(
            self._memory.address, self._memory.size, file.address, file.size, byref(handle), byref(error)
        )
        if status != 0:
            raise ModelFileError(f"{name}, byte {error.byte_offset}: {status_text(status)}", status, error.byte_offset)
        self.handle = handle.value
        self.info = ModelInfo()
        check(lib.tinynn_model_info_get(self.handle, byref(self.info)), name)
        side = lib.tinynn_model_decoded_side(self.handle)
        #: The short side that decoded photos should keep; 0 for networks that do not take photos.
        self.decoded_side: int = max(0, side)
        self._photo_status: int = min(0, side)
        self.dimension: int = self.info.dimension
        self._free: list[Session] = []

    def require_photos(self) -> None:
        if self._photo_status != 0:
            raise PhotoError(f"{self.name}: {status_text(-self._photo_status)}", -self._photo_status)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session that nobody else uses meanwhile."""
        try:
            session = self._free.pop()
        except IndexError:
            session = Session(self)
        try:
            yield session
        finally:
            self._free.append(session)

    def embed(self, photos: Sequence[Image], views: int, threads: int) -> tuple[NDArray[np.float32], list[int]]:
        """The embeddings of photos, [n, dimension], and the photos' identifiers."""
        self.require_photos()
        result = np.empty((len(photos), self.dimension), np.float32)
        identifiers = [0] * len(photos)
        address, row = result.ctypes.data, 4 * self.dimension

        def one(index: int) -> None:
            pixels = read(photos[index], self.decoded_side)
            identifiers[index] = pixels.identifier()
            with self.session() as session:
                session.embed(pixels, views, address + index * row)

        each(range(len(photos)), one, threads)
        return result, identifiers


def each(items: Sequence[Item] | range, body: Callable[..., Result], threads: int) -> list[Result]:
    """What `body` makes of each item, on so many threads; the first exception ends it."""
    if threads < 1:
        raise ValueError(f"threads is {threads}; it must be at least 1")
    if threads == 1 or len(items) < 2:
        return [body(item) for item in items]
    with ThreadPoolExecutor(min(threads, len(items))) as pool:
        try:
            return list(pool.map(body, items))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


class Session:
    """What one call at a time embeds with."""

    def __init__(self, model: Model) -> None:
        self._model = model
        size, handle = c_size_t(), c_void_p()
        check(lib.tinynn_session_required_bytes(model.handle, byref(size)), model.name)
        self._memory = Memory(size.value)
        check(lib.tinynn_session_open(self._memory.address, self._memory.size, model.handle, -1, byref(handle)), model.name)
        self.handle = handle.value
        self._photo = Photo()
        self._photo_pointer = byref(self._photo)
        self._scratch = Memory(0)
        self._key: tuple[int, int, int, int] | None = None
        self._layout: tuple[tuple[int, ...], tuple[int, ...]] | None = None
        self._embedding = np.empty(model.dimension, np.float32)
        #: Where `embed` puts an embedding that is not wanted elsewhere.
        self.embedding: int = self._embedding.ctypes.data

    def set_embedding(self, values: NDArray[np.float32]) -> None:
        """Puts other values at `embedding`."""
        self._embedding[:] = values

    def embed_array(self, array: object) -> bool:
        """Embeds an array laid out like the last photo, one view, to `embedding`, with none of what other photos need. Or does
        nothing and returns False."""
        if type(array) is not np.ndarray or array.dtype is not _PIXELS or (array.shape, array.strides) != self._layout:
            return False
        self._photo.pixels = address_of(array)
        status = embed_photo(*self._arguments)
        if status != 0:
            check(status, "the array")
        return True

    def embed(self, pixels: Pixels, views: int, target: int) -> None:
        """Writes the mean embedding of so many views to the address `target`."""
        photo, array = self._photo, pixels.array
        photo.pixels = address_of(array)
        key = (pixels.height, pixels.width, pixels.reduction, views)
        model = self._model
        if key != self._key:
            photo.pixel_bytes, photo.row_stride = array.nbytes, array.shape[1] * 3
            photo.height, photo.width, photo.reduction = pixels.height, pixels.width, pixels.reduction
            size = c_size_t()
            check(lib.tinynn_embed_photo_scratch_bytes(model.handle, self._photo_pointer, views, byref(size)), pixels.name)
            if size.value > self._scratch.size:
                self._scratch = Memory(size.value)
            scratch = (c_void_p(self._scratch.address), c_size_t(self._scratch.size))
            self._arguments = (
                c_void_p(self.handle), self._photo_pointer, 1, *scratch, c_void_p(self.embedding), c_size_t(model.dimension)
            )  # fmt: skip
            self._layout = (array.shape, array.strides) if views == pixels.reduction == 1 else None
            self._key = key
        status = lib.tinynn_session_embed_photo(
            self.handle, self._photo_pointer, views, self._scratch.address, self._scratch.size, target, model.dimension
        )
        if status != 0:
            check(status, pixels.name)

    def load(self, pixels: Pixels) -> None:
        """Makes a photo, of which no pixel is left out, the network's input, and does not run."""
        height, width, array, size = pixels.height, pixels.width, pixels.array, c_size_t()
        check(lib.tinynn_embed_scratch_bytes(self._model.handle, height, width, byref(size)), pixels.name)
        if size.value > self._scratch.size:
            self._scratch = Memory(size.value)
        status = lib.tinynn_session_load_photo(
            self.handle, array.ctypes.data, array.nbytes, height, width, 3 * width, self._scratch.address, self._scratch.size
        )
        check(status, pixels.name)
