"""A task being changed: opened of a file's bytes with room for what comes, edited, learned, saved to other bytes."""

from __future__ import annotations

from ctypes import byref, c_int32, c_size_t, c_void_p

import numpy as np
from numpy.typing import NDArray

from ._library import EXAMPLE_EXISTS, METHODS, HeadInfo, Memory, check, count, lib
from ._model import Model

CLASS_LIMIT, EXAMPLE_LIMIT, HISTORY_LIMIT, UNLABELLED_LIMIT = 4096, 1 << 20, 8, 500


class Editor:
    """A task's handle and its memory."""

    def __init__(self, model: Model, classes: int = 0, examples: int = 0, unlabelled: int = 0) -> None:
        """Room for so many classes, examples and photos without labels besides those of the file."""
        self._name = model.name
        self._model = model
        size, handle = c_size_t(), c_void_p()
        room = (max(2, model.info.class_count + classes), max(2, model.info.example_count + examples))
        self._memories: list[Memory] = []
        self._check(lib.tinynn_task_required_bytes(model.handle, *room, byref(size)))
        memory = self._keep(size.value)
        self._check(lib.tinynn_task_open(memory.address, memory.size, model.handle, *room, byref(handle)))
        self.handle = handle.value
        kept = count(lib.tinynn_task_unlabelled_count(self.handle), self._name)
        room_unlabelled = min(UNLABELLED_LIMIT, kept + unlabelled)
        if room_unlabelled:
            self._check(lib.tinynn_task_unlabelled_required_bytes(self.handle, room_unlabelled, byref(size)))
            memory = self._keep(size.value)
            self._check(lib.tinynn_task_reserve_unlabelled(self.handle, memory.address, memory.size, room_unlabelled))
        self._check(lib.tinynn_task_history_required_bytes(self.handle, HISTORY_LIMIT, byref(size)))
        memory = self._keep(size.value)
        self._check(lib.tinynn_task_reserve_history(self.handle, memory.address, memory.size, HISTORY_LIMIT))

    def _keep(self, size: int) -> Memory:
        memory = Memory(size)
        self._memories.append(memory)
        return memory

    def _check(self, status: int) -> None:
        if status != 0:
            check(status, self._name)

    # What it knows

    def classes(self) -> dict[str, int]:
        names = range(count(lib.tinynn_task_class_count(self.handle), self._name))
        return {
            lib.tinynn_task_class_name(self.handle, index).decode(): int(
                count(lib.tinynn_task_class_example_count(self.handle, index), self._name)
            )
            for index in names
        }

    def state_count(self) -> int:
        return count(lib.tinynn_task_state_count(self.handle), self._name)

    def unlabelled_count(self) -> int:
        return count(lib.tinynn_task_unlabelled_count(self.handle), self._name)

    def head(self) -> HeadInfo:
        info = HeadInfo()
        self._check(lib.tinynn_task_head_get(self.handle, byref(info)))
        return info

    # Edits

    def keep_state(self) -> None:
        self._check(lib.tinynn_task_keep_state(self.handle))

    def add(self, name: str, embeddings: NDArray[np.float32], identifiers: list[int]) -> int:
        """Returns how many were new."""
        new, address, row, encoded = 0, embeddings.ctypes.data, 4 * embeddings.shape[1], _encoded(name)
        for index, identifier in enumerate(identifiers):
            status = lib.tinynn_task_add_example(self.handle, encoded, identifier, address + index * row, embeddings.shape[1])
            if status != EXAMPLE_EXISTS:
                check(status, f"class {name!r}")
                new += 1
        return new

    def remove(self, name: str) -> None:
        check(lib.tinynn_task_remove_class(self.handle, _encoded(name)), f"class {name!r}")

    def rename(self, old: str, new: str) -> None:
        check(lib.tinynn_task_rename_class(self.handle, _encoded(old), _encoded(new)), f"class {old!r}, new name {new!r}")

    def merge(self, other: Model) -> int:
        added = c_int32()
        check(lib.tinynn_task_merge(self.handle, other.handle, byref(added)), other.name)
        return added.value

    def undo(self) -> None:
        self._check(lib.tinynn_task_undo(self.handle))

    def add_unlabelled(self, embeddings: NDArray[np.float32], identifiers: list[int]) -> None:
        address, row = embeddings.ctypes.data, 4 * embeddings.shape[1]
        for index, identifier in enumerate(identifiers):
            self._check(lib.tinynn_task_add_unlabelled(self.handle, identifier, address + index * row, embeddings.shape[1]))

    def forget_unlabelled(self) -> None:
        self._check(lib.tinynn_task_forget_unlabelled(self.handle))

    # Result

    def learn(self, method: str) -> Memory:
        """Learns the head and returns the bytes of the task file."""
        size, number = c_size_t(), METHODS[method]
        self._check(lib.tinynn_task_head_required_bytes(self.handle, number, byref(size)))
        head = self._keep(size.value)
        self._check(lib.tinynn_task_learn_head(self.handle, number, head.address, head.size))
        self._check(lib.tinynn_task_file_bytes(self.handle, byref(size)))
        file = Memory(size.value)
        self._check(lib.tinynn_task_save(self.handle, file.address, file.size, byref(size)))
        return file


def _encoded(name: str) -> bytes:
    """A class's name for C, which takes a zero byte for its end."""
    return name.replace("\0", "\1").encode()
