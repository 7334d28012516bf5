"""Writes the golden cases of TinyNN's preprocessing: what Pillow makes of the same photos.

    preprocess-<case>/   image.png or image.jpg, made here; case.json; expected.npy, uint8 [height, width, 3], the pixels
                         before normalisation
    photo-samples/       photos.json: for photos of ../shared/data/photos, which are not copied, Pillow's values at
                         some positions of the result

Usage: python Tools/golden/preprocessing.py [--data ../shared/data]
Needs Pillow and NumPy.
"""

import argparse
import json
import math
import pathlib

import numpy as np
from PIL import Image, ImageDraw

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Golden"
FILTERS = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}

# name: (photo width, photo height, file type, input height, input width, crop fraction, filter)
CASES = {
    "reduce-landscape": (150, 83, "png", 24, 24, 0.875, "bilinear"),
    "reduce-portrait": (61, 97, "png", 32, 32, 0.8, "bicubic"),
    "enlarge": (20, 14, "png", 40, 40, 1.0, "bilinear"),
    "enlarge-bicubic": (13, 19, "png", 37, 37, 0.95, "bicubic"),
    "one-pixel": (1, 1, "png", 5, 5, 1.0, "bicubic"),
    "thin": (5, 120, "png", 16, 16, 0.875, "bilinear"),
    "odd-margin": (67, 50, "png", 20, 20, 0.9, "bilinear"),
    "same-size": (32, 32, "png", 32, 32, 1.0, "bicubic"),
    "wide-input": (90, 70, "png", 24, 40, 0.875, "bilinear"),
    "tall-input": (90, 70, "png", 40, 24, 0.875, "bicubic"),
    "jpeg": (160, 120, "jpg", 48, 48, 0.875, "bilinear"),
    "strong-reduction": (200, 150, "jpg", 8, 8, 1.0, "bicubic"),
}


def drawing(width, height, seed):
    """A picture with edges, gradients and fine texture."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([255 * x / max(width - 1, 1), 255 * y / max(height - 1, 1), 127 + 90 * np.sin(x * y / 37)], -1)
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        box = sorted(rng.integers(0, width, 2).tolist()), sorted(rng.integers(0, height, 2).tolist())
        corners = [box[0][0], box[1][0], box[0][1], box[1][1]]
        draw.ellipse(corners, fill=tuple(rng.integers(0, 256, 3).tolist()), outline=(255, 255, 255))
    noise = rng.integers(-12, 13, (height, width, 1))
    return Image.fromarray((np.asarray(image).astype(int) + noise).clip(0, 255).astype(np.uint8))


def preprocess(image, height, width, crop_fraction, interpolation):
    """Resizes until the photo covers (height, width) / crop_fraction, then takes the centre; uint8 [height, width, 3]."""
    least_height = math.floor(height / crop_fraction * (1 + 1e-9))
    least_width = math.floor(width / crop_fraction * (1 + 1e-9))
    w, h = image.size
    if h * least_width <= w * least_height:
        resized = int(least_height * w / h), least_height
    else:
        resized = least_width, int(least_width * h / w)
    left = int(round((resized[0] - width) / 2.0))
    top = int(round((resized[1] - height) / 2.0))
    image = image.resize(resized, FILTERS[interpolation])
    return np.asarray(image.crop((left, top, left + width, top + height)))


def describe(height, width, crop_fraction, interpolation):
    return {
        "inputHeight": height,
        "inputWidth": width,
        "cropFraction": crop_fraction,
        "interpolation": interpolation,
    }


def write_cases():
    for seed, (name, (w, h, kind, height, width, crop_fraction, interpolation)) in enumerate(CASES.items()):
        folder = GOLDEN / f"preprocess-{name}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"image.{kind}"
        image = drawing(w, h, seed)
        image.save(path, **({"quality": 85} if kind == "jpg" else {"optimize": True}))
        case = {"image": path.name} | describe(height, width, crop_fraction, interpolation)
        (folder / "case.json").write_text(json.dumps(case, indent=2) + "\n")
        expected = preprocess(Image.open(path).convert("RGB"), height, width, crop_fraction, interpolation)
        np.save(folder / "expected.npy", expected)


def write_photo_samples(data):
    photos = sorted(path for path in (data / "photos").rglob("*.jpg"))
    settings = [(128, 0.875, "bilinear"), (224, 0.875, "bilinear"), (96, 1.0, "bilinear"), (224, 0.95, "bicubic")]
    rng = np.random.default_rng(0)
    chosen = sorted(rng.choice(len(photos), 24, replace=False).tolist())
    samples = []
    for index, photo in enumerate(chosen):
        size, crop_fraction, interpolation = settings[index % len(settings)]
        image = Image.open(photos[photo]).convert("RGB")
        result = preprocess(image, size, size, crop_fraction, interpolation)
        positions = [[int(v) for v in rng.integers(0, size, 2)] for _ in range(48)]
        samples.append(
            {"photo": str(photos[photo].relative_to(data))}
            | describe(size, size, crop_fraction, interpolation)
            | {"channelMeans": [round(float(v), 3) for v in result.mean((0, 1))]}
            | {"values": [[row, column] + result[row, column].tolist() for row, column in positions]}
        )
    folder = GOLDEN / "photo-samples"
    folder.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(sample, separators=(",", ":")) for sample in samples)
    (folder / "photos.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, help="folder with photos/ (default: only the cases made here)")
    arguments = parser.parse_args()
    write_cases()
    if arguments.data:
        write_photo_samples(arguments.data.resolve())
