"""Finds the modules, the photos and the command; all torch work on one thread."""

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent))

import torch  # noqa: E402

torch.set_num_threads(1)
torch.set_flush_denormal(True)

DATA = Path(os.environ.get("EDGESSL_DATA", ROOT.parent / "shared/data"))


@pytest.fixture(scope="session")
def archive() -> Path:
    """A zip of ten classes."""
    path = DATA / "pretrain/imagenette_128.zip"
    if not path.exists():
        pytest.skip(f"SKIPPED: {path} is missing; EDGESSL_DATA names the folder")
    return path


@pytest.fixture(scope="session")
def published() -> Path:
    path = DATA / "encoders/mobilenet_v2_0.35_128.onnx"
    if not path.exists():
        pytest.skip(f"SKIPPED: {path} is missing; EDGESSL_DATA names the folder")
    return path


@pytest.fixture(scope="session")
def command() -> Path:
    """The built command: $EDGESSL, or what .build has."""
    named = os.environ.get("EDGESSL")
    for path in [Path(named)] if named else [ROOT / ".build/release/edgessl", ROOT / ".build/debug/edgessl"]:
        if path.exists():
            return path
    pytest.skip("SKIPPED: no built edgessl; make build, or EDGESSL=PATH")
