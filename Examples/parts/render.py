#!/usr/bin/env python3
"""Renders the photos of Examples/parts: same seed, same pictures.

Needs povray (Debian: povray, povray-includes) and, to write JPEG, either cjpeg
(Debian: libjpeg-turbo-progs) or Pillow (Debian: python3-pil).

    python3 render.py                 all photos
    python3 render.py support/nut     only the photos whose path starts so
"""

import argparse
import array
import math
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCENES = HERE / "scenes"
CLASSES = ["bolt", "nut", "washer", "gear", "spring"]
OTHERS = ["mug", "duck", "key", "banana", "scissors", "die"]
FIRST_OTHER = 10
MATERIALS = 4
BACKGROUNDS = 5
SHOTS = {"support": 5, "query": 10}
SHORT, LONG = 256, 320
QUALITY = 85


def cycle(count, kinds, draw):
    """Each kind equally often, in random order."""
    values = [i % kinds for i in range(count)]
    offset = draw.randrange(kinds)
    draw.shuffle(values)
    return [(v + offset) % kinds for v in values]


def circumstances(draw):
    """Everything but the thing itself, drawn the same way for every class."""
    portrait = draw.random() < 0.15
    return {
        "Yaw": draw.uniform(0, 360),
        "Azimuth": draw.uniform(0, 360),
        "Elevation": draw.uniform(30, 72),
        "Roll": draw.gauss(0, 3),
        "Focal": draw.uniform(24, 46),
        "Fill": draw.uniform(0.76, 0.98),
        "Off_X": draw.gauss(0, 0.045),
        "Off_Y": draw.gauss(0, 0.035),
        "Aperture": draw.uniform(0.05, 0.22),
        "Key_Azimuth": draw.uniform(0, 360),
        "Key_Elevation": draw.uniform(32, 72),
        "Key_Size": draw.uniform(1.5, 5.5),
        "Key_Power": draw.uniform(1.2, 2.2),
        "Warmth": draw.uniform(-0.4, 0.8),
        "Aspect": SHORT / LONG if portrait else LONG / SHORT,
        "width": SHORT if portrait else LONG,
        "height": LONG if portrait else SHORT,
        "Seed": draw.randrange(1, 1 << 20),
        "develop": draw.randrange(1 << 30),
    }


def plan(seed):
    """All photos: path below HERE and the numbers of photo.pov."""
    photos = []
    for kind, name in enumerate(CLASSES):
        for split, count in SHOTS.items():
            draw = random.Random(f"{seed} {split} {name}")
            materials = cycle(count, MATERIALS, draw)
            backgrounds = cycle(count, BACKGROUNDS, draw)
            for i in range(count):
                photo = circumstances(draw)
                photo.update(Thing_Kind=kind, Material=materials[i], Background=backgrounds[i])
                photos.append((f"{split}/{name}/{i + 1:02d}.jpg", photo))
    draw = random.Random(f"{seed} unknown")
    backgrounds = cycle(len(OTHERS), BACKGROUNDS, draw)
    for i, name in enumerate(OTHERS):
        photo = circumstances(draw)
        photo.update(Thing_Kind=FIRST_OTHER + i, Material=0, Background=backgrounds[i])
        photos.append((f"query/unknown/{name}.jpg", photo))
    return photos


def expose(photo, raw):
    """Runs POV-Ray on one photo; writes linear 16-bit PPM."""
    numbers = [f"Declare={k}={v}" for k, v in photo.items() if k[0].isupper()]
    command = [
        "povray",
        "-D",
        "-GA",
        f"+I{SCENES / 'photo.pov'}",
        f"+L{SCENES}",
        f"+O{raw}",
        "+FP16",
        f"+W{photo['width']}",
        f"+H{photo['height']}",
        "+WT1",
        "File_Gamma=1.0",
        *numbers,
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0 or not raw.exists():
        sys.exit("povray failed:\n" + " ".join(command) + "\n" + done.stderr[-3000:])


def read_ppm16(path):
    data = path.read_bytes()
    fields, at = [], 0
    while len(fields) < 4:
        end = at
        while not data[end : end + 1].isspace():
            end += 1
        fields.append(data[at:end])
        at = end + 1
        while data[at : at + 1] == b"#":
            at = data.index(b"\n", at) + 1
    assert fields[0] == b"P6" and fields[3] == b"65535", f"{path}: not a 16-bit PPM"
    values = array.array("H", data[at:])
    if sys.byteorder == "little":
        values.byteswap()
    return int(fields[1]), int(fields[2]), values


def develop(raw, seed, ppm):
    """What a camera does: exposure, white balance, vignetting, tone curve, sensor noise."""
    draw = random.Random(seed)
    width, height, linear = read_ppm16(raw)
    means = [max(1.0, sum(linear[c::3]) * 3 / len(linear)) for c in range(3)]
    grey = sum(means) / 3
    gain = draw.uniform(0.20, 0.36) * 65535 / grey
    bright = sorted(linear[1::3])[int(0.985 * len(linear) / 3)] / 65535
    gain = min(gain, 1.7 / max(bright, 1e-3))
    trust = draw.uniform(0.15, 0.45)
    balance = [(grey / m) ** trust for m in means]
    contrast = draw.uniform(0.15, 0.6)
    # 12-bit table from linear light to 8-bit values: sRGB with a soft shoulder and some contrast.
    table = []
    for i in range(4 * 4096):
        light = i / 4096
        if light > 0.6:
            light = 0.6 + 0.4 * (1 - math.exp(-(light - 0.6) / 0.4))
        shown = 12.92 * light if light < 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
        table.append(255 * (shown + contrast * (shown * shown * (3 - 2 * shown) - shown)))
    shade = draw.uniform(0.05, 0.22)
    noise = draw.uniform(0.6, 2.2)
    grain = [draw.gauss(0, noise) for _ in range(8191)]
    out = bytearray(len(linear))
    scale = [gain * b / 65535 * 4096 for b in balance]
    corner = (width * width + height * height) / 4
    at = 0
    for row in range(height):
        dy = (row - height / 2) ** 2
        start = draw.randrange(8191)
        for column in range(width):
            fall = 1 - shade * ((column - width / 2) ** 2 + dy) / corner
            common = grain[(start + 5 * column) % 8191]
            for c in range(3):
                level = table[min(16383, int(linear[at] * scale[c] * fall))]
                level += common + 0.5 * grain[(start + 3 * at + c) % 8191]
                out[at] = 0 if level < 0 else 255 if level > 255 else int(level + 0.5)
                at += 1
    ppm.write_bytes(b"P6\n%d %d\n255\n" % (width, height) + out)


def write_jpeg(ppm, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    if shutil.which("cjpeg"):
        subprocess.run(["cjpeg", "-quality", str(QUALITY), "-optimize", "-outfile", str(path), str(ppm)], check=True)
        return
    try:
        from PIL import Image
    except ImportError:
        sys.exit("render.py needs cjpeg (apt-get install libjpeg-turbo-progs) or Pillow (apt-get install python3-pil)")
    with Image.open(ppm) as image:
        image.save(path, quality=QUALITY, optimize=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("only", nargs="*", help="beginnings of paths, for example query/gear")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=HERE)
    arguments = parser.parse_args()
    if not shutil.which("povray"):
        sys.exit("render.py needs povray (apt-get install povray povray-includes)")
    photos = [p for p in plan(arguments.seed) if not arguments.only or p[0].startswith(tuple(arguments.only))]
    with tempfile.TemporaryDirectory() as folder:
        raw, ppm = Path(folder) / "raw.ppm", Path(folder) / "photo.ppm"
        for number, (name, photo) in enumerate(photos, 1):
            expose(photo, raw)
            develop(raw, photo["develop"], ppm)
            write_jpeg(ppm, arguments.out / name)
            raw.unlink()
            print(f"{number}/{len(photos)} {name}", flush=True)


if __name__ == "__main__":
    main()
