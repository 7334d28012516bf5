#!/usr/bin/env python3
"""Merges what a fleet of devices has learned: one task file each, in one call, in several orders.

Each device learns some of five made-up classes from photos of its own, with the shipped encoder. Prints the times of the call, and
fails where an order gives other bytes or a call takes longer than the limit, on a machine that does nothing else.

    run.py [--edgessl FILE] [--devices 1000] [--photos 3] [--seed 0] [--limit 10]
"""

import argparse
import concurrent.futures
import hashlib
import pathlib
import random
import resource
import shutil
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLOURS = {"blue": (40, 60, 200), "green": (50, 180, 60), "grey": (120, 120, 120), "red": (200, 40, 40), "white": (230, 230, 230)}
SIDE = 32


def photo(draw: random.Random, colour: tuple[int, ...]) -> bytes:
    values = bytes(min(255, max(0, level + draw.randint(-40, 40))) for _ in range(SIDE * SIDE) for level in colour)
    return f"P6 {SIDE} {SIDE} 255\n".encode() + values


def learn(edgessl: pathlib.Path, folder: pathlib.Path, device: int, photos: int, seed: int) -> None:
    draw = random.Random(f"{seed}/{device}")
    own = folder / f"photos-{device}"
    for name in draw.sample(sorted(COLOURS), 2):
        (own / name).mkdir(parents=True)
        for index in range(photos):
            (own / name / f"{index}.ppm").write_bytes(photo(draw, COLOURS[name]))
    task = folder / "fleet" / f"{device:06d}.tnn"
    options = ["--model", ROOT / "models/edge-s/edge-s.tnn", "--method", "prototype", "--views", "1", "-o", task]
    subprocess.run([edgessl, "adapt", own, *options], check=True, capture_output=True)
    shutil.rmtree(own)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgessl", type=pathlib.Path, default=ROOT / ".build/release/edgessl")
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--photos", type=int, default=3, help="of each of two classes (default: 3)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=float, default=10, help="seconds (default: 10)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=ROOT / ".build") as name:
        folder = pathlib.Path(name)
        (folder / "fleet").mkdir()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            devices = range(options.devices)
            list(pool.map(lambda device: learn(options.edgessl, folder, device, options.photos, options.seed), devices))
        files = sorted((folder / "fleet").iterdir())
        first = files.pop(0)
        shuffled = random.Random(options.seed).sample(files, len(files))
        found = set()
        for order, others in {"folder": None, "names backwards": files[::-1], "shuffled": shuffled}.items():
            task = folder / "task.tnn"
            shutil.copy(first, task)
            merged = [folder / "fleet"] if others is None else others
            command = [options.edgessl, "classes", task] + [word for file in merged for word in ("--merge", file)]
            begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, check=True, capture_output=True)
            elapsed, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            found.add(hashlib.sha256(task.read_bytes()).hexdigest())
            times = f"{seconds:.2f} s of processor time, {elapsed:.2f} s elapsed"
            print(f"{order}: {len(files) + 1} task files, {times}, {task.stat().st_size:,} bytes")
            assert elapsed < options.limit, f"more than {options.limit} s"
        assert len(found) == 1, f"the bytes depend on the order: {found}"
        print(f"the same bytes in every order: sha256 {found.pop()[:16]}")


main()
