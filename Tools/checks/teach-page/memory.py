#!/usr/bin/env python3
"""Resident memory of edgessl-serve: at rest, taught, and under a fast stream that somebody looks at.

    memory.py [--command .build/release/edgessl] [--frames 360000] [--limit 40]

360,000 frames are ten hours at ten frames a second. Fails where it takes more MiB at rest than the limit, or grows by more than
2 MiB from a tenth of the frames to their end.
"""

import argparse
import os
import pathlib
import tempfile
import threading
import time
import urllib.request

from board import PHOTOS, Board, command


def mebibytes(kibibytes: int) -> float:
    return kibibytes / 1024


def feed(pipe, photos: list[bytes], frames: int, sent: list[int]):
    try:
        for number in range(frames):
            pipe.write(photos[number % len(photos)])
            sent[0] = number + 1
        pipe.flush()
    except BrokenPipeError:
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", type=pathlib.Path)
    parser.add_argument("--frames", type=int, default=360_000)
    parser.add_argument("--limit", type=float, default=40)
    arguments = parser.parse_args()
    arguments.command = arguments.command or command()
    with tempfile.TemporaryDirectory() as place:
        start = time.monotonic()
        board = Board(arguments.command, pathlib.Path(place) / "board", "-", "--interval", "0")
        print(f"{arguments.command}: started after {1000 * (time.monotonic() - start):.0f} ms")
        try:
            measure(board, arguments)
        finally:
            board.stop()


def measure(board: Board, arguments):
    time.sleep(2)
    rest = mebibytes(board.resident())
    print(f"at rest: {rest:.1f} MiB resident")
    for kind in ("gear", "nut", "washer", "bolt", "spring"):
        for photo in sorted((PHOTOS / "support" / kind).glob("*.jpg")):
            board.post(f"/api/photos?class={kind}", photo.read_bytes())
    print(board.work("/api/learn")["sentence"])
    board.work("/api/review")
    time.sleep(2)
    taught = mebibytes(board.resident())
    print(f"taught with 25 photos, learned, reviewed: {taught:.1f} MiB")

    photos = [photo.read_bytes() for photo in sorted(PHOTOS.glob("query/*/*.jpg"))]
    sent = [0]
    feeder = threading.Thread(target=feed, args=(board.process.stdin, photos, arguments.frames, sent), daemon=True)
    start, number, seen, early, peak = time.monotonic(), 0, 0, None, 0.0
    feeder.start()
    while feeder.is_alive():
        with urllib.request.urlopen(f"{board.address}/api/frame?after={number}", timeout=30) as answer:
            answer.read()
            if answer.status == 200:
                number, seen = int(answer.headers["Edgessl-Frame"]), seen + 1
        now = mebibytes(board.resident())
        peak = max(peak, now)
        if early is None and sent[0] >= arguments.frames // 10:
            early = now
            print(f"after {sent[0]:,} frames: {now:.1f} MiB")
    late, seconds = mebibytes(board.resident()), time.monotonic() - start
    print(f"after {sent[0]:,} frames: {late:.1f} MiB; peak {peak:.1f} MiB")
    print(f"{seconds:.0f} s: {number:,} frames looked at, {seen:,} shown to a page, the others passed over")
    if max(rest, taught) > arguments.limit:
        raise SystemExit(f"FAILED: more than {arguments.limit:.0f} MiB at rest")
    if early is None or late > early + 2:
        raise SystemExit(f"FAILED: grew from {early} to {late} MiB")


if __name__ == "__main__":
    os.environ.setdefault("EDGESSL_ENCODER", "edge-s")
    main()
