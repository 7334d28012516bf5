"""What can go wrong, each with the status of tinynn.h where the library found it."""

from __future__ import annotations


class Error(Exception):
    """Any failure of edgessl.

    Attributes:
        status: A ``TINYNN_...`` number of tinynn.h, or ``None`` where Python found the fault.
        text: What is wrong and what to do, one line.
    """

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


class ModelFileError(Error, ValueError):
    """The bytes are no sound .tnn file.

    Attributes:
        byte_offset: Where in the file the refused record starts.
    """

    def __init__(self, text: str, status: int | None = None, byte_offset: int = 0) -> None:
        super().__init__(text, status)
        self.byte_offset = byte_offset


class PhotoError(Error, ValueError):
    """A photo cannot be read, or not become the network's input."""


class TaskError(Error, ValueError):
    """A task refuses an edit, or cannot learn."""


class CommandError(Error, RuntimeError):
    """The command ``edgessl`` is not installed, or failed.

    Attributes:
        exit_code: Of the command; ``None`` where it did not run.
    """

    def __init__(self, text: str, exit_code: int | None = None) -> None:
        super().__init__(text)
        self.exit_code = exit_code
