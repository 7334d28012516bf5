"""What both examples share: the photos to embed, cut into parts that are written whole or not at all.

A part is some consecutive photos of the sorted list. Its file's name states which, so a second start finds what is there and
goes on with the rest; the parts are the same whatever the number of workers, and so are their bytes. Run by itself, python
photo_table.py PHOTOS OUTPUT does the work in one process.
"""

from __future__ import annotations

import argparse
import os
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import edgessl

PHOTOS = {".jpg", ".jpeg", ".png", ".ppm", ".webp"}


def arguments(engine: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=f"Embeds and classifies photos with {engine}, and writes Parquet.")
    parser.add_argument("photos", type=Path, help="a folder of photos, or a Parquet file or folder with columns path and bytes")
    parser.add_argument("output", type=Path, help="a folder for the Parquet files")
    parser.add_argument("--encoder", default="edge-s", help="a shipped encoder or a .tnn file")
    parser.add_argument("--task", default=None, help="a task file: its encoder embeds, and its classes are in the output, too")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--part", type=int, default=500, help="photos of a part, the least that is done again")
    return parser.parse_args()


def parts(photos: Path, output: Path, size: int) -> list[dict[str, Any]]:
    """What is left to do: rows of the part's name and its photos (paths, or a Parquet file and a row)."""
    output.mkdir(parents=True, exist_ok=True)
    for begun in output.glob(".part-*"):
        begun.unlink()
    items = _rows_of_parquet(photos) if photos.suffix == ".parquet" or list(photos.glob("*.parquet")) else _files(photos)
    if not items:
        raise SystemExit(f"{photos}: no photos; give a folder of them or a Parquet file with columns path and bytes")
    rows = [
        {"part": f"part-{start:09}-{min(start + size, len(items)):09}.parquet", "items": items[start : start + size]}
        for start in range(0, len(items), size)
    ]
    left = [row for row in rows if not (output / str(row["part"])).exists()]
    print(f"{len(items)} photos in {len(rows)} parts, {len(rows) - len(left)} of them done")
    return left


def _files(folder: Path) -> list[str]:
    return sorted(str(path.absolute()) for path in folder.rglob("*") if path.suffix.lower() in PHOTOS)


def _rows_of_parquet(path: Path) -> list[str]:
    import pyarrow.parquet

    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    return [f"{file.absolute()}#{row}" for file in files for row in range(pyarrow.parquet.read_metadata(file).num_rows)]


@lru_cache(maxsize=1)
def _engine(encoder: str, task: str | None) -> tuple[edgessl.Encoder, edgessl.Task | None]:
    """Opened once in each worker."""
    learned = edgessl.Task.load(task) if task else None
    return (learned.encoder if learned else edgessl.Encoder(encoder)), learned


@lru_cache(maxsize=1)
def _table(file: str) -> Any:
    import pyarrow.parquet

    return pyarrow.parquet.read_table(file, columns=["path", "bytes"])


def _photo(item: str) -> tuple[str, edgessl.Image]:
    file, mark, row = item.rpartition("#")
    if not mark or not file.endswith(".parquet"):
        return item, item
    table = _table(file)
    return table["path"][int(row)].as_py(), table["bytes"][int(row)].as_py()


def write_part(part: str, items: list[str], output: str, encoder: str, task: str | None) -> int:
    """Embeds the photos of a part and writes its file. A photo that cannot be read has an error instead. Returns how many rows."""
    import pyarrow
    import pyarrow.parquet

    engine, learned = _engine(encoder, task)
    rows: dict[str, list[Any]] = {"path": [], "embedding": [], "label": [], "confidence": [], "unknown": [], "error": []}
    for item in items:
        path, photo = _photo(item)
        rows["path"].append(path)
        try:
            embedding, error = engine.embed([photo])[0], None
        except edgessl.PhotoError as refused:
            embedding, error = None, refused.text
        answer = learned.classify_embedding(embedding) if learned and embedding is not None else None
        rows["embedding"].append(embedding)
        rows["label"].append(answer and answer.label)
        rows["confidence"].append(answer and answer.confidence)
        rows["unknown"].append(answer and answer.is_unknown)
        rows["error"].append(error)
    schema = pyarrow.schema(
        [
            ("path", pyarrow.string()), ("embedding", pyarrow.list_(pyarrow.float32(), engine.dimension)),
            ("label", pyarrow.string()), ("confidence", pyarrow.float32()), ("unknown", pyarrow.bool_()),
            ("error", pyarrow.string()),
        ]
    )  # fmt: skip
    target = Path(output) / part
    temporary = target.with_name(f".{part}.{os.getpid()}")
    pyarrow.parquet.write_table(pyarrow.table(rows, schema), temporary)
    os.replace(temporary, target)
    return len(items)


def main() -> None:
    options = arguments("one process")
    start, photos = time.monotonic(), 0
    for row in parts(options.photos, options.output, options.part):
        photos += write_part(row["part"], row["items"], str(options.output.absolute()), options.encoder, options.task)
    seconds = time.monotonic() - start
    print(f"{photos} photos in {seconds:.1f} s, {photos / max(seconds, 1e-9):.1f} a second, one process")


if __name__ == "__main__":
    main()
