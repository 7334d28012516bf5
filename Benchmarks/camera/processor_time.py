#!/usr/bin/env python3
"""Processor time of `edgessl watch` for live frames of 640x480: JPEGs come in at a fixed rate on standard input, and the system
says what the process used, from its start to its end less that of a start alone. What made the JPEGs, a camera or ffmpeg, is not
in it.

    processor_time.py [--command .build/release/edgessl] [--encoder edge-s] [--rates 1 5 15] [--seconds 20]
"""

import argparse
import os
import pathlib
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def frames(folder: pathlib.Path) -> list[bytes]:
    """The example's query photos, as a camera of 640x480 would send them."""
    subprocess.run(
        ["ffmpeg", "-loglevel", "error", "-pattern_type", "glob", "-i", str(ROOT / "Examples/parts/query/[bgnsw]*/*.jpg"),
         "-vf", "scale=640:480", "-q:v", "4", str(folder / "%03d.jpg")], check=True,
    )  # fmt: skip
    return [photo.read_bytes() for photo in sorted(folder.glob("*.jpg"))]


def used(command, task, photos: list[bytes], rate: float, count: int) -> tuple[float, int]:
    """Seconds of the processor, and frames that were answered."""
    process = subprocess.Popen([command, "watch", "-", "--model", task, "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    start = time.monotonic()
    for number in range(count):
        process.stdin.write(photos[number % len(photos)])
        process.stdin.flush()
        time.sleep(max(0, start + (number + 1) / rate - time.monotonic()))
    process.stdin.close()
    answers = len(process.stdout.read().splitlines())
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_utime + usage.ru_stime, answers


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", type=pathlib.Path, default=ROOT / ".build/release/edgessl")
    parser.add_argument("--encoder", default="edge-s")
    parser.add_argument("--rates", type=float, nargs="+", default=[1, 5, 15])
    parser.add_argument("--seconds", type=float, default=20)
    arguments = parser.parse_args()
    processor = pathlib.Path("/proc/cpuinfo").read_text()
    model = next((line.split(":")[1].strip() for line in processor.splitlines() if line.startswith("model name")), "a board")
    print(f"{model}, one thread, {arguments.encoder}, JPEGs of 640x480")
    with tempfile.TemporaryDirectory() as place:
        folder, task = pathlib.Path(place), pathlib.Path(place) / "task.tnn"
        photos = frames(folder)
        subprocess.run(
            [arguments.command, "adapt", ROOT / "Examples/parts/support", "--model", arguments.encoder, "-o", task],
            check=True, capture_output=True, cwd=ROOT,
        )  # fmt: skip
        alone, _ = used(arguments.command, task, photos, 1000, 1)
        for rate in arguments.rates:
            seconds, answers = used(arguments.command, task, photos, rate, max(2, round(rate * arguments.seconds)))
            each = (seconds - alone) / (answers - 1)
            print(f"{rate:g} frames a second: {1000 * each:.1f} ms of the processor for each of {answers} frames, "
                  f"{100 * each * rate:.1f} % of one core")  # fmt: skip


if __name__ == "__main__":
    main()
