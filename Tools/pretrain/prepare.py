"""Decodes all views and computes the teachers' features of each, once; interrupted, it goes on where it was.

    python prepare.py --data ../../../shared/data/pretrain --teachers ../../../shared/data/encoders --cache /tmp/cache

The cache holds views.npy (uint8 [views, 128, 128, 3]), teacher_<i>.npy (float16) and done.txt, the number of views finished.
"""

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import archives
from teachers import TEACHERS, Session


def chunks(first: int, count: int, size: int) -> Iterator[range]:
    for start in range(first, count, size):
        yield range(start, min(start + size, count))


def open_arrays(cache: Path, count: int) -> dict[str, np.ndarray]:
    """The arrays of the cache, created where they are missing."""
    shapes = {"views": ((count, archives.SIDE, archives.SIDE, 3), np.uint8)}
    shapes |= {f"teacher_{i}": ((count, t.width), np.float16) for i, t in enumerate(TEACHERS)}
    arrays = {}
    for name, (shape, kind) in shapes.items():
        path = cache / f"{name}.npy"
        if not path.exists():
            np.lib.format.open_memmap(path, "w+", kind, shape).flush()
        arrays[name] = np.load(path, mmap_mode="r+")
        if arrays[name].shape != shape:
            raise SystemExit(f"{path}: made from other photos; remove the cache folder")
    return arrays


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", type=Path, required=True, help="folder with the training archives")
    p.add_argument("--teachers", type=Path, required=True, help="folder with the teachers' ONNX files")
    p.add_argument("--cache", type=Path, required=True)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    a.cache.mkdir(parents=True, exist_ok=True)
    photos = archives.list_photos(a.data, a.seed)
    views = archives.list_views(photos, a.seed)
    arrays = open_arrays(a.cache, len(views))
    counter = a.cache / "done.txt"
    done = int(counter.read_text()) if counter.exists() else 0
    held_out = sum(p.held_out for p in photos)
    print(f"{len(photos)} photos, {held_out} of them held out; {len(views)} views, {done} finished", flush=True)
    readers = [archives.Reader(a.data, photos, a.seed) for _ in range(a.threads)]
    sessions = [[Session(a.teachers, t) for t in TEACHERS] for _ in range(a.threads)]

    def compute(thread: int, rows: range) -> None:
        pixels = np.stack([readers[thread].view(*map(int, views[r])) for r in rows])
        arrays["views"][rows.start : rows.stop] = pixels
        for i, session in enumerate(sessions[thread]):
            arrays[f"teacher_{i}"][rows.start : rows.stop] = session.features(pixels)

    start, first = time.time(), done
    with ThreadPoolExecutor(a.threads) as pool:
        for rows in chunks(done, len(views), 32 * a.threads):
            list(pool.map(compute, range(a.threads), chunks(rows.start, rows.stop, 32)))
            counter.with_suffix(".part").write_text(str(rows.stop))
            counter.with_suffix(".part").replace(counter)
            if rows.stop % 1024 < 32 * a.threads or rows.stop == len(views):
                left = (time.time() - start) / (rows.stop - first) * (len(views) - rows.stop)
                print(f"{rows.stop}/{len(views)} views, {left / 60:.1f} min left", flush=True)


if __name__ == "__main__":
    main()
