"""Photos of folders and zips as squares in one file, decoded once; a photo's folder is its class."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

import archives

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")


@dataclass(frozen=True)
class Photos:
    """`pixels` uint8 [n, s, s, 3], `labels` [n]: an index of `classes`, or -1 where photos lie in no folder of their own."""

    pixels: np.ndarray
    labels: np.ndarray
    classes: list[str]

    def __len__(self) -> int:
        return len(self.pixels)


def listed(source: Path) -> list[tuple[str, str, Callable[[], bytes]]]:
    """Name, class and reader of every photo below `source`, by name. A photo that lies in `source` itself has no class."""
    if source.is_dir():
        paths = sorted(p for p in source.rglob("*") if p.suffix.lower() in SUFFIXES)
        return [(str(p), "" if p.parent == source else str(p.parent.relative_to(source)), p.read_bytes) for p in paths]
    if not source.exists():
        raise SystemExit(f"{source}: no such folder or zip")
    if not zipfile.is_zipfile(source):
        raise SystemExit(f"{source}: neither a folder nor a zip of photos")
    file = zipfile.ZipFile(source)
    names = sorted(n for n in file.namelist() if n.lower().endswith(SUFFIXES))
    return [(f"{source}/{n}", str(Path(n).parent) if "/" in n else "", lambda n=n: file.read(n)) for n in names]


def square(content: bytes, side: int) -> np.ndarray:
    """The centre square, bilinear, uint8 [side, side, 3]."""
    with Image.open(io.BytesIO(content)) as image:
        image.draft("RGB", (side, side))
        box = archives.crop_box(image.size, 0, 0)
        return np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR, box=box))


def read(sources: list[Path], side: int, cache: Path, limit: int | None = None, seed: int = 0) -> Photos:
    """All photos, or `limit` of them drawn by `seed`; `cache` keeps their squares for the next start."""
    found = [
        (f"{s.name}/{folder}" if len(sources) > 1 and folder else folder, name, get)
        for s in sources
        for name, folder, get in listed(s)
    ]
    if not found:
        raise SystemExit(f"{', '.join(map(str, sources))}: no photos ({', '.join(SUFFIXES)}) below it")
    if limit and limit < len(found):
        chosen = np.random.default_rng([seed, 900]).permutation(len(found))[:limit]
        found = [found[i] for i in sorted(chosen)]
    key = hashlib.sha256("\n".join([str(side), *(name for _, name, _ in found)]).encode()).hexdigest()
    about, path = cache / "photos.json", cache / "photos.npy"
    kept = json.loads(about.read_text()) if about.exists() else {}
    if kept.get("key") != key:
        about.unlink(missing_ok=True)
        kept = {"key": key, "folders": decode(found, side, path)}
        about.with_suffix(".part").write_text(json.dumps(kept))
        about.with_suffix(".part").replace(about)
    folders = kept["folders"]
    classes = sorted(set(folders) - {""})
    index = {name: i for i, name in enumerate(classes)} | {"": -1}
    return Photos(np.load(path, mmap_mode="r"), np.array([index[f] for f in folders]), classes)


def decode(found: list[tuple[str, str, Callable[[], bytes]]], side: int, path: Path) -> list[str]:
    """Writes the squares to `path`, leaves out what is no photo, and returns the folders of the others."""
    part = path.with_suffix(".part")
    squares = np.lib.format.open_memmap(part, "w+", np.uint8, (len(found), side, side, 3))
    folders: list[str] = []
    for folder, name, get in found:
        try:
            squares[len(folders)] = square(get(), side)
        except (OSError, ValueError, SyntaxError, zipfile.BadZipFile):
            print(f"{name}: left out, not readable as a photo", flush=True)
            continue
        folders.append(folder)
        if len(folders) % 2000 == 0:
            print(f"photos: {len(folders)} of {len(found)} decoded", flush=True)
    if not folders:
        part.unlink()
        raise SystemExit(f"{found[0][1]} and all others: not readable as photos")
    if len(folders) < len(found):
        np.save(part.with_suffix(".npy.part"), squares[: len(folders)])
        part.with_suffix(".npy.part.npy").replace(part)
    else:
        squares.flush()
    part.replace(path)
    return folders
