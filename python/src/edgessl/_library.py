"""libtinynn.so through ctypes: what the package uses of tinynn.h. ctypes lets go of the GIL during every call."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from ctypes import POINTER, Structure, c_char_p, c_float, c_int32, c_size_t, c_ssize_t, c_uint32, c_uint64, c_void_p
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .errors import Error, ModelFileError, PhotoError, TaskError

ALIGNMENT = 64
#: The methods of learning by their names in ``edgessl adapt --method``.
METHODS = {"auto": 0, "prototype": 1, "centred": 2, "power": 3, "lda": 4, "ridge": 5, "logistic": 6, "knn": 7}
TOO_MANY_CLASSES, TOO_MANY_EXAMPLES, EXAMPLE_EXISTS = 98, 99, 103


class FileError(Structure):
    _fields_ = [
        ("status", c_int32),
        ("operator_index", c_int32),
        ("byte_offset", c_size_t),
        ("found", c_ssize_t),
        ("needed", c_ssize_t),
    ]


class ModelInfo(Structure):
    _fields_ = [
        ("file_bytes", c_size_t),
        ("checksum", c_uint64),
        ("input_height", c_int32),
        ("input_width", c_int32),
        ("dimension", c_int32),
        ("operator_count", c_int32),
        ("class_count", c_int32),
        ("example_count", c_int32),
    ]


class Photo(Structure):
    _fields_ = [
        ("pixels", c_void_p),
        ("pixel_bytes", c_size_t),
        ("height", c_int32),
        ("width", c_int32),
        ("reduction", c_int32),
        ("row_stride", c_size_t),
    ]


class Prediction(Structure):
    _fields_ = [
        ("class_index", c_int32),
        ("is_unknown", c_int32),
        ("confidence", c_float),
        ("cosine", c_float),
        ("score", c_float),
        ("threshold", c_float),
    ]


class HeadInfo(Structure):
    _fields_ = [
        ("method", c_int32),
        ("is_chosen", c_int32),
        ("scale", c_float),
        ("threshold", c_float),
        ("left_out_count", c_int32),
        ("left_out_right", c_int32),
    ]


class TrainingOptions(Structure):
    _fields_ = [
        ("first_operator", c_int32),
        ("batch", c_int32),
        ("optimizer", c_int32),
        ("keeps_average", c_int32),
    ]


class OptimizerStep(Structure):
    _fields_ = [
        ("learning_rate", c_float),
        ("momentum", c_float),
        ("second_decay", c_float),
        ("epsilon", c_float),
        ("weight_decay", c_float),
        ("average_decay", c_float),
        ("gradient_scale", c_float),
    ]


class Memory:
    """Bytes at a multiple of 64, kept as long as this object."""

    __slots__ = ("_keeper", "address", "array", "size")

    def __init__(self, size: int) -> None:
        self._keeper = np.empty(size + ALIGNMENT, np.uint8)
        start = -self._keeper.ctypes.data % ALIGNMENT
        self.array = self._keeper[start : start + size]
        self.address: int = self._keeper.ctypes.data + start
        self.size = size

    def floats(self, address: int, count: int) -> NDArray[np.float32]:
        """Values at an address in it, which share it."""
        start = address - self.address
        return self.array[start : start + 4 * count].view(np.float32)

    @classmethod
    def copying(cls, data: bytes | bytearray | memoryview) -> Memory:
        memory = cls(len(data))
        memory.array[:] = np.frombuffer(data, np.uint8)
        return memory


def _address_by_interface(array: NDArray[np.uint8]) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _address_by_layout(array: NDArray[np.uint8]) -> int | None:
    """As NumPy's C headers lay an array out: its first field is the address. The interface builds a dictionary for it."""
    return c_void_p.from_address(id(array) + object.__basicsize__).value


_probe = np.zeros((2, 3), np.uint8)
_is_as_laid_out = sys.implementation.name == "cpython" and _address_by_layout(_probe) == _address_by_interface(_probe)
#: Where an array's values are.
address_of: Callable[[NDArray[np.uint8]], int | None] = _address_by_layout if _is_as_laid_out else _address_by_interface


_path = os.environ.get("EDGESSL_LIBRARY") or str(Path(__file__).with_name("libtinynn.so"))
try:
    lib = ctypes.CDLL(_path)
except OSError as error:
    raise ImportError(f"{_path}: {error}; this platform has no wheel of edgessl, see Documentation/python.md") from error

_handle = c_void_p
_out_handle = POINTER(c_void_p)
_out_size = POINTER(c_size_t)
_prototypes: dict[str, tuple[object, list[object]]] = {
    "tinynn_status_text": (c_char_p, [c_int32]),
    "tinynn_version": (c_uint32, []),
    "tinynn_checksum": (c_uint64, [c_void_p, c_size_t]),
    "tinynn_model_required_bytes": (c_size_t, []),
    "tinynn_model_open": (c_int32, [c_void_p, c_size_t, c_void_p, c_size_t, _out_handle, POINTER(FileError)]),
    "tinynn_model_info_get": (c_int32, [_handle, POINTER(ModelInfo)]),
    "tinynn_model_decoded_side": (c_int32, [_handle]),
    "tinynn_session_required_bytes": (c_int32, [_handle, _out_size]),
    "tinynn_session_open": (c_int32, [c_void_p, c_size_t, _handle, c_int32, _out_handle]),
    "tinynn_embed_photo_scratch_bytes": (c_int32, [_handle, POINTER(Photo), c_int32, _out_size]),
    "tinynn_session_embed_photo": (c_int32, [_handle, POINTER(Photo), c_int32, c_void_p, c_size_t, c_void_p, c_size_t]),
    "tinynn_embed_scratch_bytes": (c_int32, [_handle, c_int32, c_int32, _out_size]),
    "tinynn_session_load_photo": (c_int32, [_handle, c_void_p, c_size_t, c_int32, c_int32, c_size_t, c_void_p, c_size_t]),
    "tinynn_task_required_bytes": (c_int32, [_handle, c_int32, c_int32, _out_size]),
    "tinynn_task_open": (c_int32, [c_void_p, c_size_t, _handle, c_int32, c_int32, _out_handle]),
    "tinynn_task_class_count": (c_int32, [_handle]),
    "tinynn_task_class_name": (c_char_p, [_handle, c_int32]),
    "tinynn_task_class_example_count": (c_int32, [_handle, c_int32]),
    "tinynn_task_add_example": (c_int32, [_handle, c_char_p, c_uint64, c_void_p, c_size_t]),
    "tinynn_task_remove_class": (c_int32, [_handle, c_char_p]),
    "tinynn_task_rename_class": (c_int32, [_handle, c_char_p, c_char_p]),
    "tinynn_task_merge": (c_int32, [_handle, _handle, POINTER(c_int32)]),
    "tinynn_task_unlabelled_required_bytes": (c_int32, [_handle, c_int32, _out_size]),
    "tinynn_task_reserve_unlabelled": (c_int32, [_handle, c_void_p, c_size_t, c_int32]),
    "tinynn_task_add_unlabelled": (c_int32, [_handle, c_uint64, c_void_p, c_size_t]),
    "tinynn_task_unlabelled_count": (c_int32, [_handle]),
    "tinynn_task_forget_unlabelled": (c_int32, [_handle]),
    "tinynn_task_head_required_bytes": (c_int32, [_handle, c_int32, _out_size]),
    "tinynn_task_learn_head": (c_int32, [_handle, c_int32, c_void_p, c_size_t]),
    "tinynn_task_head_get": (c_int32, [_handle, POINTER(HeadInfo)]),
    "tinynn_task_history_required_bytes": (c_int32, [_handle, c_int32, _out_size]),
    "tinynn_task_reserve_history": (c_int32, [_handle, c_void_p, c_size_t, c_int32]),
    "tinynn_task_state_count": (c_int32, [_handle]),
    "tinynn_task_keep_state": (c_int32, [_handle]),
    "tinynn_task_undo": (c_int32, [_handle]),
    "tinynn_task_file_bytes": (c_int32, [_handle, _out_size]),
    "tinynn_task_save": (c_int32, [_handle, c_void_p, c_size_t, _out_size]),
    "tinynn_trainer_required_bytes": (c_int32, [_handle, POINTER(TrainingOptions), _out_size]),
    "tinynn_trainer_open": (c_int32, [c_void_p, c_size_t, _handle, POINTER(TrainingOptions), _out_handle]),
    "tinynn_trainer_load": (c_int32, [_handle, _handle, c_int32]),
    "tinynn_trainer_cut": (c_int32, [_handle, c_int32, _out_handle, _out_size]),
    "tinynn_trainer_forward": (c_int32, [_handle]),
    "tinynn_trainer_embedding": (c_int32, [_handle, c_int32, _out_handle, _out_handle, _out_size]),
    "tinynn_trainer_prototype_loss": (c_int32, [_handle, c_int32, _handle, c_int32, POINTER(c_float)]),
    "tinynn_trainer_backward": (c_int32, [_handle]),
    "tinynn_trainer_step": (c_int32, [_handle, POINTER(OptimizerStep)]),
    "tinynn_trainer_adopt_average": (c_int32, [_handle]),
    "tinynn_trainer_file_bytes": (c_int32, [_handle, _out_size]),
    "tinynn_trainer_save": (c_int32, [_handle, c_void_p, c_size_t, _out_size]),
}
for _name, (_result, _arguments) in _prototypes.items():
    _function = getattr(lib, _name)
    _function.restype = _result
    _function.argtypes = _arguments

#: Functions that every answer calls, for arguments that are ctypes objects: declared arguments are converted at each call, which
#: takes about as long as the call.
embed_photo = lib["tinynn_session_embed_photo"]
classify = lib["tinynn_task_classify"]
confidences_of = lib["tinynn_task_confidences"]

#: Of the header that this file was written after; a library of another major version does not fit.
_VERSION = 0x010100
if lib.tinynn_version() >> 16 != _VERSION >> 16 or lib.tinynn_version() < _VERSION:
    raise ImportError(f"{_path} is tinynn.h version {lib.tinynn_version():#x}; this package needs {_VERSION:#x}")


def status_text(status: int) -> str:
    """What a status of tinynn.h means, and what to do."""
    text: bytes = lib.tinynn_status_text(status)
    return text.decode()


def failure(status: int, where: str) -> Error:
    """The exception of a status."""
    text = f"{where}: {status_text(status)}"
    kind = ModelFileError if status < 64 else PhotoError if 80 <= status < 96 else TaskError if 96 <= status < 112 else Error
    return kind(text, status)


def check(status: int, where: str) -> None:
    """Raises the exception of a status that is not TINYNN_OK."""
    if status != 0:
        raise failure(status, where)


def count(number: int, where: str) -> int:
    """A number, of which the negative ones are minus a status."""
    if number < 0:
        raise failure(-number, where)
    return number


def checksum(data: bytes | memoryview) -> int:
    """The checksum of .tnn files, which tells photos apart."""
    view = np.frombuffer(data, np.uint8)
    return int(lib.tinynn_checksum(view.ctypes.data, view.size))
