"""What the command ``edgessl`` does for the package: import and quantize encoders."""

from __future__ import annotations

import os
import shutil
import subprocess

from .encoder import Encoder
from .errors import CommandError

Path = str | os.PathLike[str]


def _run(arguments: list[str]) -> None:
    command = os.environ.get("EDGESSL_COMMAND") or shutil.which("edgessl")
    if command is None:
        raise CommandError("the command edgessl is not installed; see Documentation/install.md, or set EDGESSL_COMMAND to its path")
    done = subprocess.run([command, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"edgessl {arguments[0]} failed"]
        raise CommandError(lines[-1], done.returncode)


def import_onnx(model: Path, output: Path, *options: str) -> Encoder:
    """Imports an ONNX encoder by ``edgessl import MODEL.onnx -o OUTPUT.tnn OPTIONS...`` and opens it.

    Args:
        options: Of the command, for example ``"--preset", "imagenet"``.

    Raises:
        CommandError: The command is not installed, or refuses the model; the text is its line.
    """
    _run(["import", os.fspath(model), "-o", os.fspath(output), *options])
    return Encoder(output)


def quantize(model: Path, calibration: Path, output: Path, *options: str) -> Encoder:
    """Makes an int8 encoder by ``edgessl quantize MODEL.tnn --calibration DIR -o OUTPUT.tnn OPTIONS...`` and opens it.

    Args:
        calibration: A folder of photos.

    Raises:
        CommandError: The command is not installed, or fails; the text is its line.
    """
    _run(["quantize", os.fspath(model), "--calibration", os.fspath(calibration), "-o", os.fspath(output), *options])
    return Encoder(output)
