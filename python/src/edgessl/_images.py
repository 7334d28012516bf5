"""Photos in every form that people have them, as RGB pixels.

Files and bytes become the pixels that the command ``edgessl`` decodes: the same reduction of large JPEGs by the decoder, the same
orientation, the same treatment of grey, palette, 16-bit, transparent and CMYK images. Both use libjpeg-turbo: see
Documentation/python.md for what was compared.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, Union

import numpy as np
import PIL.Image
import PIL.ImageOps
from numpy.typing import NDArray

from ._library import checksum
from .errors import PhotoError

#: A path, the bytes of a file, a Pillow image, or an array: [height, width, 3] or [height, width] of uint8.
Image = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, PIL.Image.Image, "NDArray[np.uint8]"]

#: For `read`: all pixels, whatever the photo's size.
NOT_REDUCED = 1 << 24

_ORIENTATION = 0x0112
_MIRRORS_COLUMNS = (2, 3, 7, 8)
_MIRRORS_ROWS = (3, 4, 6, 7)


class Pixels:
    """A decoded photo."""

    __slots__ = ("_content", "array", "height", "name", "reduction", "width")

    def __init__(
        self, array: NDArray[np.uint8], name: str, full: tuple[int, int] | None = None, reduction: int = 1,
        content: bytes | memoryview | None = None,
    ) -> None:  # fmt: skip
        #: [height / reduction, width / reduction, 3], rounded up, rows without padding.
        self.array = array
        self.name = name
        #: Of the photo before the decoder reduced it.
        self.height, self.width = full or array.shape[:2]
        self.reduction = reduction
        self._content = content

    def identifier(self) -> int:
        """Tells photos apart: a checksum of the file's bytes as in the command, else of size and pixels."""
        if self._content is not None:
            return checksum(self._content)
        return checksum(repr(self.array.shape).encode() + self.array.tobytes())


def read(image: Image, side: int) -> Pixels:
    """The pixels of a photo, of which `side` is the shortest that a reduced one may have."""
    if isinstance(image, np.ndarray):
        return _of_array(image)
    if isinstance(image, PIL.Image.Image):
        upright = PIL.ImageOps.exif_transpose(image)
        return Pixels(_rgb(upright, "the image"), "the image")
    if isinstance(image, (bytes, bytearray, memoryview)):
        return _decode(memoryview(image).toreadonly(), "the bytes", side)
    if not isinstance(image, (str, os.PathLike)):
        raise TypeError(f"a photo is a path, bytes, a Pillow image or an array, not {type(image).__name__}")
    path = os.fspath(image)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise PhotoError(f"{path}: {error.strerror}; give the path of a photo") from error
    return _decode(memoryview(data), path, side)


def _of_array(array: NDArray[Any]) -> Pixels:
    if array.dtype == np.uint8 and array.ndim == 3 and array.shape[2] == 3 and array.size and array.flags.c_contiguous:
        return Pixels(array, "the array")
    if array.dtype != np.uint8:
        raise PhotoError(f"an array of {array.dtype}: photos are uint8, 0 to 255; convert it")
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 1):
        array = np.repeat(array.reshape(array.shape[0], array.shape[1], 1), 3, axis=2)
    if array.ndim != 3 or array.shape[2] != 3 or array.size == 0:
        raise PhotoError(f"an array of shape {array.shape}: photos are [height, width, 3] or [height, width]")
    return Pixels(np.ascontiguousarray(array), "the array")


def _decode(data: memoryview, name: str, side: int) -> Pixels:
    try:
        with PIL.Image.open(io.BytesIO(data)) as image:
            orientation = image.getexif().get(_ORIENTATION, 1)
            width, height = image.size
            reduction = 1
            if image.format == "JPEG":
                reduction = _reduction(width, height, orientation, side)
                if reduction > 1:
                    image.draft(None, (width // reduction, height // reduction))
                    if image.size != (-(-width // reduction), -(-height // reduction)):
                        raise PhotoError(f"{name}: the decoder made {image.size} of {width} x {height} / {reduction}")
            array = _turned(_rgb(image, name), orientation)
    except PhotoError:
        raise
    except (OSError, SyntaxError, ValueError, PIL.Image.DecompressionBombError) as error:
        raise PhotoError(f"{name}: {str(error) or type(error).__name__}; give a JPEG, PNG or another photo") from error
    full = (width, height) if orientation in (5, 6, 7, 8) else (height, width)
    return Pixels(array, name, full, reduction, data)


def _reduction(width: int, height: int, orientation: int, side: int) -> int:
    """What the decoder divides a JPEG by: a side that is mirrored only by what divides it."""
    for reduction in (8, 4, 2):
        if (
            min(width, height) // reduction >= max(side, 1)
            and (orientation not in _MIRRORS_COLUMNS or width % reduction == 0)
            and (orientation not in _MIRRORS_ROWS or height % reduction == 0)
        ):
            return reduction
    return 1


def _rgb(image: PIL.Image.Image, name: str) -> NDArray[np.uint8]:
    if image.mode == "CMYK":
        # Adobe's files store the light that each ink lets through; Pillow has turned that over.
        light = 255 - np.asarray(image).astype(np.uint32)
        key = light[..., 3:]
        product = (255 - light[..., :3]) * key + 128
        return np.ascontiguousarray((key - ((product + (product >> 8)) >> 8)).astype(np.uint8))
    if image.mode.startswith("I;16"):
        grey = (np.asarray(image) >> 8).astype(np.uint8)
        return np.ascontiguousarray(np.repeat(grey[..., None], 3, axis=2))
    if image.mode in ("RGBA", "RGBX"):
        return np.ascontiguousarray(np.asarray(image)[..., :3])
    if image.mode == "LA":
        return np.ascontiguousarray(np.repeat(np.asarray(image)[..., :1], 3, axis=2))
    if image.mode in ("I", "F"):
        raise PhotoError(f"{name}: pixels of mode {image.mode} have no range; convert it to RGB")
    return np.ascontiguousarray(np.asarray(image.convert("RGB")))


def _turned(array: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """The stored pixels as they are to be seen, by Exif's number."""
    match orientation:
        case 2:
            array = array[:, ::-1]
        case 3:
            array = array[::-1, ::-1]
        case 4:
            array = array[::-1]
        case 5:
            array = array.transpose(1, 0, 2)
        case 6:
            array = np.rot90(array, -1)
        case 7:
            array = array[::-1, ::-1].transpose(1, 0, 2)
        case 8:
            array = np.rot90(array, 1)
    return np.ascontiguousarray(array)
