"""The parts of the demo, its task, and the command where it was built."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import edgessl

ROOT = Path(__file__).resolve().parents[2]
PARTS = ROOT / "Examples" / "parts"


def photos_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jpg"))


@pytest.fixture(scope="session")
def encoder() -> edgessl.Encoder:
    return edgessl.Encoder("edge-s")


@pytest.fixture(scope="session")
def parts() -> dict[str, list[Path]]:
    return {folder.name: photos_in(folder) for folder in sorted((PARTS / "support").iterdir())}


@pytest.fixture
def task(encoder: edgessl.Encoder, parts: dict[str, list[Path]]) -> edgessl.Task:
    return edgessl.Task.learn(encoder, parts)


@pytest.fixture(scope="session")
def command() -> str:
    """The path of the command: EDGESSL_COMMAND, else what was built here."""
    built = [ROOT / ".build" / kind / "edgessl" for kind in ("release", "debug")]
    found = os.environ.get("EDGESSL_COMMAND") or next((str(path) for path in built if path.exists()), shutil.which("edgessl"))
    if found is None:
        pytest.skip("no command: make build, or set EDGESSL_COMMAND")
    return found
