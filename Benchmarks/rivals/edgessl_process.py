"""edgessl as a process: its latency on one model, and a whole `edgessl classify`."""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np


def call(arguments, pin=None):
    command = (["taskset", "-c", pin] if pin else []) + arguments
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}: {result.stderr.strip()}")
    return result


def bench(edgessl, model, threads, runs, warmup, pin):
    return json.loads(
        call(
            [edgessl, "bench", model, "--threads", str(threads), "--runs", str(runs), "--warmup", str(warmup), "--json"], pin
        ).stdout
    )


def measure(edgessl, model, folder, threads, pin, seconds):
    """The whole process is counted as resident memory: there is no interpreter to take from it."""
    probe = bench(edgessl, model, threads, 5, 3, pin)
    expected = np.load(os.path.join(folder, "output.npy")).reshape(-1)
    with tempfile.TemporaryDirectory() as temporary:
        path = os.path.join(temporary, "y.npy")
        call([edgessl, "run", model, "--input", os.path.join(folder, "input.npy"), "--output", path], pin)
        result = np.load(path).reshape(-1)
    cosine = float(result @ expected / np.sqrt((result @ result) * (expected @ expected)))
    runs, warmup = (max(5, int(1000 * duration / probe["p50"])) for duration in [seconds, 0.15])
    out = bench(edgessl, model, threads, runs, warmup, pin)
    return {
        "median": out["p50"],
        "min": out["min"],
        "p90": out["p90"],
        "openAndFirst": out["openAndFirst"],
        "residentBytes": out["peakResidentBytes"],
        "cosine": cosine,
    }


def classify_whole_process(edgessl, root):
    """Wall time of `edgessl classify` of one photo with the shipped encoder, and what it holds in memory."""
    parts = os.path.join(root, "Examples", "parts")
    with tempfile.TemporaryDirectory() as folder:
        task = os.path.join(folder, "parts.tnn")
        call(
            [
                edgessl,
                "adapt",
                os.path.join(parts, "support"),
                "--model",
                os.path.join(root, "models", "edge-s", "edge-s.tnn"),
                "-o",
                task,
            ]
        )
        photo = os.path.join(parts, "query", "bolt", "01.jpg")
        times = []
        for _ in range(20):
            start = time.perf_counter()
            result = call([edgessl, "classify", photo, "--model", task, "--json"])
            times.append((time.perf_counter() - start) * 1e3)
        # What the process reports of itself: the kernel's own maximum includes this script, from which it was forked.
        peak = int(re.search(r"peak ([0-9,]+)", result.stderr).group(1).replace(",", ""))
        facts = json.loads(call([edgessl, "inspect", task, "--json"]).stdout)
        return {
            "median": statistics.median(times),
            "min": min(times),
            "residentBytes": peak,
            "arenaBytes": facts["arenaBytes"],
            "weightBytes": facts["weightBytes"],
        }
