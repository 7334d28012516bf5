"""Every function of tinynn.h is used, or Documentation/python.md says that it is not needed."""

from __future__ import annotations

import re
from pathlib import Path

from edgessl import _library

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(_library.__file__).parent


def test_the_whole_interface() -> None:
    header = (ROOT / "Sources/CInterfaceHeader/include/tinynn.h").read_text()
    declared = set(re.findall(r"\b(tinynn_\w+)\(", re.sub(r"//.*", "", header)))
    assert len(declared) > 50 and set(_library._prototypes) <= declared
    text = "".join(file.read_text() for file in PACKAGE.glob("*.py"))
    called, undeclared = (set(re.findall(pattern, text)) for pattern in (r"\blib\.(tinynn_\w+)\(", r'\blib\["(tinynn_\w+)"\]'))
    named = set(re.findall(r"`(tinynn_\w+)`", (ROOT / "Documentation/python.md").read_text()))
    assert called == set(_library._prototypes), "declared in _library.py without use, or used without declaration"
    assert not declared - called - undeclared - named, "neither used nor named"
