"""Reads what pack.py packed."""

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

import archives


def read_packs(folder: Path) -> tuple[list[archives.Photo], np.ndarray]:
    """The photos of all packs and their pixels, uint8 [n, SIDE, SIDE, 3]."""

    def decode(content: bytes) -> np.ndarray:
        image = Image.open(io.BytesIO(content)).convert("RGB")
        return np.asarray(image.resize((archives.SIDE, archives.SIDE), Image.Resampling.BILINEAR))

    photos: list[archives.Photo] = []
    contents: list[bytes] = []
    for path in sorted(folder.glob("photos-*.npz")):
        pack = np.load(path)
        data, ends = pack["bytes"].tobytes(), pack["ends"].tolist()
        contents += [data[a:b] for a, b in zip([0, *ends], ends, strict=False)]
        rows = zip(pack["archive"].tolist(), pack["folder"].tolist(), pack["held_out"].tolist(), strict=True)
        photos += [archives.Photo(archive, "", folder, held_out) for archive, folder, held_out in rows]
    pixels = np.empty((len(contents), archives.SIDE, archives.SIDE, 3), np.uint8)
    with ThreadPoolExecutor() as pool:
        for i, square in enumerate(pool.map(decode, contents)):
            pixels[i] = square
    return photos, pixels
