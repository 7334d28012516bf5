"""From a JPEG of 12 megapixels to the input of a network: edgessl beside Pillow, which decodes reduced (draft mode) and
resizes, in turns, on one core; and `edgessl classify` over many photos.

    photos.py --edgessl BINARY [--rounds N] [--photos N]

edgessl's time is that of `classify` on the photo less that of the network (`bench`): reading, decoding, resizing, normalising
and the head. Pillow's is that of open, draft, load, resize, crop and the conversion to normalised float32 by NumPy."""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

import numpy as np
from PIL import Image

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SIZE = 128


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True)


def large_photo(path, seed):
    """Real detail at 4000x3000: photos of Examples side by side, enlarged, with the grain of a sensor."""
    folder = os.path.join(ROOT, "Examples", "parts", "query")
    photos = sorted(os.path.join(base, name) for base, _, names in os.walk(folder) for name in names if name.endswith(".jpg"))
    random = np.random.default_rng(seed)
    sheet = Image.new("RGB", (4000, 3000))
    for y in range(0, 3000, 1000):
        for x in range(0, 4000, 1000):
            sheet.paste(Image.open(random.choice(photos)).convert("RGB").resize((1000, 1000), Image.BICUBIC), (x, y))
    grain = random.normal(0, 4, (3000, 4000, 1))
    Image.fromarray(np.clip(np.asarray(sheet) + grain, 0, 255).astype(np.uint8)).save(path, quality=92, subsampling=2)


def pillow(path):
    start = time.perf_counter()
    photo = Image.open(path)
    photo.draft("RGB", (SIZE, SIZE))
    photo = photo.convert("RGB")
    scale = SIZE / min(photo.size)
    photo = photo.resize((round(photo.width * scale), round(photo.height * scale)), Image.BILINEAR)
    left, top = (photo.width - SIZE) // 2, (photo.height - SIZE) // 2
    values = (np.asarray(photo.crop((left, top, left + SIZE, top + SIZE)), np.float32) - 127.5) / 127.5
    return (time.perf_counter() - start) * 1e3, values


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--edgessl", required=True)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--photos", type=int, default=1000)
    options = parser.parse_args()
    os.sched_setaffinity(0, {0})
    with tempfile.TemporaryDirectory() as folder:
        task, photo = os.path.join(folder, "parts.tnn"), os.path.join(folder, "12mp.jpg")
        run(
            options.edgessl,
            "adapt",
            os.path.join(ROOT, "Examples", "parts", "support"),
            "-o",
            task,
            "--model",
            os.path.join(ROOT, "models", "edge-s", "edge-s.tnn"),
        )
        large_photo(photo, 0)
        network = json.loads(run(options.edgessl, "bench", task, "--json").stdout)["p50"]
        ours, theirs = [], []
        for _ in range(options.rounds):
            ours.append(
                json.loads(run(options.edgessl, "classify", photo, "--model", task, "--json").stdout)["milliseconds"] - network
            )
            theirs.append(pillow(photo)[0])
        print(
            f"JPEG of {os.path.getsize(photo) / 1e6:.1f} MB, 4000 x 3000, to {SIZE} x {SIZE}: "
            f"edgessl {statistics.median(ours):.1f} ms (min {min(ours):.1f}), "
            f"Pillow {statistics.median(theirs):.1f} ms (min {min(theirs):.1f}), "
            f"ratio {statistics.median(ours) / statistics.median(theirs):.2f} ({min(ours) / min(theirs):.2f})"
        )
        os.sched_setaffinity(0, set(range(os.cpu_count())))
        base = os.path.join(ROOT, "Examples", "parts", "query")
        photos = sorted(os.path.join(where, name) for where, _, names in os.walk(base) for name in names if name.endswith(".jpg"))
        many = [photos[index % len(photos)] for index in range(options.photos)]
        for threads in [1, os.cpu_count()]:
            errors = run(options.edgessl, "classify", *many, "--model", task, "--json", "--threads", str(threads)).stderr
            print(
                f"{threads} threads: " + next(line for line in errors.splitlines() if "photos/s" in line).removeprefix("edgessl: ")
            )


main()
