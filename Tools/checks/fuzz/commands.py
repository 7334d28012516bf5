#!/usr/bin/env python3
"""Gives damaged task files, with length and checksum repaired, to every command that reads them.

    Tools/checks/fuzz/commands.py SEEDS [SECONDS] [SEED]

SEEDS is a folder of task files, such as Tools/checks/fuzz/seeds.sh task FOLDER makes. A command may do what it is asked or refuse
the file with one line and an exit code of Documentation/errors.md; it is never ended by a signal, never an internal error, and
never longer than ten seconds. What breaks that is kept in .build/fuzz/work/commands. EDGESSL is the built command.
"""

import collections
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import time

MASK = 2**64 - 1
PRIMES = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
ALLOWED = {0, 64, 65, 66, 73, 74, 75}


def rotated(value, count):
    return (value << count | value >> 64 - count) & MASK


def checksum(data):
    """TinyNN's Checksum of a file: of what follows the header, the version and the length being its seed."""

    def round_(lane, word):
        return rotated((lane + word * PRIMES[1]) & MASK, 31) * PRIMES[0] & MASK

    seed = int.from_bytes(data[8:16], "little") ^ int.from_bytes(data[16:24], "little")
    data = data[32:]
    lanes = [seed + PRIMES[0] & MASK, seed + PRIMES[1] & MASK, seed ^ PRIMES[2], seed - PRIMES[0] & MASK]
    whole = len(data) & ~31
    for index, word in enumerate(struct.unpack_from(f"<{whole // 8}Q", data)):
        lanes[index % 4] = round_(lanes[index % 4], word)
    for offset in range(whole, len(data), 8):
        lanes[0] = round_(lanes[0], int.from_bytes(data[offset : offset + 8], "little"))
    value = sum(rotated(lane, by) for lane, by in zip(lanes, (1, 7, 12, 18))) + len(data) & MASK
    value = (value ^ value >> 33) * PRIMES[1] & MASK
    value = (value ^ value >> 29) * PRIMES[2] & MASK
    return value ^ value >> 32


def repaired(data):
    data = bytearray(data)
    struct.pack_into("<Q", data, 16, len(data))
    struct.pack_into("<Q", data, 24, checksum(bytes(data)))
    return bytes(data)


def damaged(data, other, draw):
    data = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        place = draw.randrange(32, len(data))
        match draw.randrange(6):
            case 0:
                data[place] = draw.randrange(256)
            case 1:
                data[place] ^= 1 << draw.randrange(8)
            case 2:
                word = draw.choice((0, 1, 2, 0xFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 0x7FC00000, 0x7F800000, len(data)))
                data[place & ~3 : (place & ~3) + 4] = struct.pack("<I", word)
            case 3:
                count = min(draw.randrange(1, 64), len(data) - place, len(other))
                start = draw.randrange(len(other) - count + 1)
                data[place : place + count] = other[start : start + count]
            case 4:
                del data[place : place + draw.randrange(1, 64)]
            case 5:
                data[place:place] = bytes(draw.randrange(1, 64))
        if len(data) < 64:
            break
    return repaired(bytes(data) + bytes(max(0, 32 - len(data))))


def photo(path, colour, draw):
    pixels = bytes(min(255, value + draw.randrange(60)) for _ in range(120) for value in colour)
    path.write_bytes(b"P6\n12 10\n255\n" + pixels)


def commands(task, folder):
    photos, one, out = f"{folder}/photos", f"{folder}/photos/red/0.ppm", f"{folder}/out.tnn"
    return (
        ["inspect", task, "--json"],
        ["inspect", task],
        ["classify", one, "--model", task],
        ["embed", task, one, "-o", f"{folder}/out.npy"],
        ["classes", task, "--list", "--json"],
        ["classes", task, "--rename", "red=another"],
        ["classes", task, "--remove", "green"],
        ["classes", task, "--add", f"fourth={photos}/blue"],
        ["classes", task, "--undo"],
        ["classes", task, "--merge", f"{folder}/good.tnn"],
        ["classes", f"{folder}/good.tnn", "--merge", task],
        ["evaluate", "--model", task, "--dataset", photos],
        ["adapt", photos, "--model", task, "-o", out],
        ["adapt", photos, "--model", f"{folder}/encoder.tnn", "-o", task],
        ["quantize", task, "--calibration", photos, "--fast", "-o", out],
        ["bench", task, "--runs", "1"],
        ["plan", task, "--memory", "1MB"],
    )


def main():
    seeds = [path.read_bytes() for path in sorted(pathlib.Path(sys.argv[1]).iterdir())]
    seconds, seed = (int(text) for text in (sys.argv[2:] + ["60", "1"])[:2]) if len(sys.argv) > 2 else (60, 1)
    edgessl = os.path.abspath(os.environ.get("EDGESSL", ".build/release/edgessl"))
    kept = pathlib.Path(".build/fuzz/work/commands")
    kept.mkdir(parents=True, exist_ok=True)
    draw, counts, end, found = random.Random(seed), collections.Counter(), time.monotonic() + seconds, 0
    with tempfile.TemporaryDirectory() as folder:
        for name, colour in (("red", (150, 0, 0)), ("green", (0, 150, 0)), ("blue", (0, 0, 150))):
            os.makedirs(f"{folder}/photos/{name}")
            for number in range(3):
                photo(pathlib.Path(f"{folder}/photos/{name}/{number}.ppm"), colour, draw)
        task = f"{folder}/task.tnn"
        while time.monotonic() < end:
            start = draw.choice(seeds)
            file = damaged(start, draw.choice(seeds), draw)
            pathlib.Path(f"{folder}/good.tnn").write_bytes(start)
            pathlib.Path(f"{folder}/encoder.tnn").write_bytes(start)
            for arguments in draw.sample(commands(task, folder), 3):
                pathlib.Path(task).write_bytes(file)
                pathlib.Path(f"{folder}/out.tnn").unlink(missing_ok=True)
                try:
                    result = subprocess.run([edgessl, *arguments], capture_output=True, timeout=10, stdin=subprocess.DEVNULL)
                    status, lines = result.returncode, result.stderr.decode(errors="replace").splitlines()
                except subprocess.TimeoutExpired:
                    status, lines = "time", []
                counts[status] += 1
                is_well = status in ALLOWED and all(line.startswith("edgessl: ") for line in lines)
                if status not in (0, "time"):
                    is_well = is_well and bool(lines)
                if not is_well:
                    found += 1
                    name = kept / f"{seed}-{found}"
                    pathlib.Path(f"{name}.tnn").write_bytes(file)
                    pathlib.Path(f"{name}.good.tnn").write_bytes(start)
                    pathlib.Path(f"{name}.txt").write_text(f"{arguments}\n{status}\n" + "\n".join(lines))
                    print(f"{name}: {arguments[0]}: {status}: {lines[-1:]}", flush=True)
    total = sum(counts.values())
    print(f"{total} calls: " + ", ".join(f"{status}: {count}" for status, count in sorted(counts.items(), key=str)))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
