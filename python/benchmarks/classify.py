"""What Task.classify of an array costs beside the same calls in C: python classify.py [--encoder edge-xs-int8] [--runs 1000]

Both run the same libtinynn.so on the same photo and task, in turns, C from C. Printed: the medians of both, and the median
difference of neighbouring runs with the interval that holds it with 95 % (of order statistics).
"""

from __future__ import annotations

import argparse
import ctypes
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image

import edgessl
from edgessl._library import Memory

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 30


def calls_in_c(task: Memory, array: np.ndarray, folder: str) -> Callable[[], float]:
    """The microseconds of an answer in C."""
    library = Path(edgessl.__file__).with_name("libtinynn.so")
    Path(folder, "libtinynn.so.1").symlink_to(library)
    include, source = ROOT / "Sources/CInterfaceHeader/include", Path(__file__).with_suffix(".c")
    shared = f"{folder}/classify.so"
    subprocess.run(
        ["cc", "-O2", "-shared", "-fPIC", "-I", include, source, library, f"-Wl,-rpath,{folder}", "-o", shared], check=True
    )
    program = ctypes.CDLL(shared)
    program.classify_open.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32]
    program.classify_run.restype = ctypes.c_double
    program.classify_open(task.address, task.size, array.ctypes.data, *array.shape[:2])
    run: Callable[[], float] = program.classify_run
    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", default="edge-xs-int8")
    parser.add_argument("--runs", type=int, default=1000)
    options = parser.parse_args()
    support = ROOT / "Examples/parts/support"
    task = edgessl.Task.learn(
        options.encoder, {folder.name: sorted(folder.glob("*.jpg")) for folder in sorted(support.iterdir())}, threads=2
    )
    array = np.ascontiguousarray(PIL.Image.open(support / "gear/01.jpg").convert("RGB"))
    file = Memory.copying(task.to_bytes())
    with tempfile.TemporaryDirectory() as folder:
        run = calls_in_c(file, array, folder)
        in_c, in_python = [], []
        for _ in range(options.runs):
            in_c.append(run())
            start = time.perf_counter_ns()
            task.classify(array)
            in_python.append((time.perf_counter_ns() - start) / 1e3)
    differences = sorted(b - a for a, b in zip(in_c, in_python))
    half = round(0.98 * options.runs**0.5)
    low, high = (differences[max(0, min(options.runs - 1, options.runs // 2 + side))] for side in (-half, half))
    print(f"{options.encoder}, {array.shape[1]} x {array.shape[0]} pixels, {options.runs} pairs of runs")
    print(f"C       {statistics.median(in_c):8.1f} microseconds, least {min(in_c):.1f}")
    print(f"Python  {statistics.median(in_python):8.1f} microseconds, least {min(in_python):.1f}")
    print(f"more    {statistics.median(differences):8.1f} microseconds ({low:.1f} to {high:.1f}); at most {LIMIT}")
    if low > LIMIT:
        raise SystemExit(f"Python costs {low:.1f} microseconds more than C, above {LIMIT}")


if __name__ == "__main__":
    main()
