"""What Task.classify of an array costs beside the same calls in C: python classify.py [--encoder edge-xs-int8] [--pairs 400]

Both run the same libtinynn.so on the same photo, file, session and scratch memory, C from C: where memory lies changes the
network's time by more than what is measured. They take turns by loops of 10 calls, of which the first 3 do not count: they find
the caches as the other side left them. Printed: the medians of both, and the median difference of neighbouring loops with the
interval that holds it with 95 % (of order statistics). With --single they take turns call by call.
"""

from __future__ import annotations

import argparse
import ctypes
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import PIL.Image

import edgessl

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 30


def calls_in_c(task: edgessl.Task, array: np.ndarray, folder: str) -> Callable[[], float]:
    """The microseconds of an answer in C, with what the task answers with in Python, which nobody uses meanwhile."""
    library = Path(edgessl.__file__).with_name("libtinynn.so")
    Path(folder, "libtinynn.so.1").symlink_to(library)
    include, source = ROOT / "Sources/CInterfaceHeader/include", Path(__file__).with_suffix(".c")
    shared = f"{folder}/classify.so"
    subprocess.run(
        ["cc", "-O2", "-shared", "-fPIC", "-I", include, source, library, f"-Wl,-rpath,{folder}", "-o", shared], check=True
    )
    program = ctypes.CDLL(shared)
    pointer, size, number = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int32
    program.classify_open.argtypes = [pointer, pointer, pointer, size, pointer, number, number, size, size]
    program.classify_run.restype = ctypes.c_double
    task.classify(array)
    (classifier,) = task._learned.free
    session, scratch = classifier.session, classifier.session._scratch
    counts = (task._learned.model.dimension, len(task.classes))
    program.classify_open(
        session.handle, classifier.handle, scratch.address, scratch.size, array.ctypes.data, *array.shape[:2], *counts
    )
    run: Callable[[], float] = program.classify_run
    return run


def microseconds(task: edgessl.Task, array: np.ndarray) -> float:
    """Of an answer in Python."""
    start = time.perf_counter_ns()
    task.classify(array)
    return (time.perf_counter_ns() - start) / 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", default="edge-xs-int8")
    parser.add_argument("--pairs", type=int, default=400)
    parser.add_argument("--single", action="store_true")
    options = parser.parse_args()
    support = ROOT / "Examples/parts/support"
    task = edgessl.Task.learn(options.encoder, {folder.name: sorted(folder.glob("*.jpg")) for folder in sorted(support.iterdir())})
    array = np.ascontiguousarray(PIL.Image.open(support / "gear/01.jpg").convert("RGB"))
    calls, unmeasured = (1, 0) if options.single else (10, 3)
    with tempfile.TemporaryDirectory() as folder:
        in_c = calls_in_c(task, array, folder)
        sides = [("C", in_c), ("Python", partial(microseconds, task, array))]
        medians: dict[str, list[float]] = {"C": [], "Python": []}
        for pair in range(options.pairs):
            for name, run in sides if pair % 2 == 0 else reversed(sides):
                medians[name].append(statistics.median([run() for _ in range(calls)][unmeasured:]))
    differences = sorted(b - a for a, b in zip(*medians.values()))
    half = round(0.98 * options.pairs**0.5)
    low, high = (differences[max(0, min(options.pairs - 1, options.pairs // 2 + side))] for side in (-half, half))
    print(f"{options.encoder}, {array.shape[1]} x {array.shape[0]} pixels, {options.pairs} pairs of {calls}")
    for name, values in medians.items():
        print(f"{name:7} {statistics.median(values):8.1f} microseconds, least {min(values):.1f}")
    print(f"more    {statistics.median(differences):8.1f} microseconds ({low:.1f} to {high:.1f}); at most {LIMIT}")
    if low > LIMIT:
        raise SystemExit(f"Python costs {low:.1f} microseconds more than C, above {LIMIT}")


if __name__ == "__main__":
    main()
