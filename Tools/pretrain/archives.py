"""Photos of the training archives, the folders that training never sees, and the crops ("views") of every photo."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 128


@dataclass(frozen=True)
class Archive:
    name: str
    crops: int  # views per photo, the first of which is the whole square
    per_class: int  # photos taken of each folder at most
    held_out: tuple[str, ...] = ()  # folders left out for validation: whole sources, by the start of their name
    held_out_drawn: int = 0  # and this many more, drawn by the seed

    @property
    def photographic(self) -> bool:
        """Photos larger than 64 pixels, of many domains: half of every batch is drawn from these."""
        return self.name in ("objects_128", "nature_128", "surfaces_128")


ARCHIVES = (
    Archive("objects_128", 2, 1000, ("tools_", "kitchen_", "floor_", "clothing_s", "instrument_b", "instrument_c")),
    Archive("nature_128", 2, 1000, ("mangrove_", "fresh_rotten_", "ingredient_", "leeds_butterflies_")),
    Archive("surfaces_128", 2, 1000, ("dtd_b", "car_damage_")),
    Archive("imagenette_128", 2, 200),
    Archive("caltech61_128", 2, 40, held_out_drawn=12),
    Archive("tiny_imagenet_40k", 1, 50, held_out_drawn=15),
)


@dataclass(frozen=True)
class Photo:
    archive: int
    file: str  # path inside the zip
    folder: str  # its class, or its source alone where the name has no label
    held_out: bool


def is_jpeg(name: str) -> bool:
    return name.lower().endswith((".jpg", ".jpeg"))


def list_photos(data: Path, seed: int = 0) -> list[Photo]:
    """Every photo in use, in the order of archives and names; a function of the archives and the seed alone."""
    photos: list[Photo] = []
    for index, archive in enumerate(ARCHIVES):
        with zipfile.ZipFile(data / f"{archive.name}.zip") as file:
            members: dict[str, list[str]] = {}
            for name in sorted(filter(is_jpeg, file.namelist())):
                members.setdefault(name.split("/")[-2], []).append(name)
        drawn = np.random.default_rng([seed, index]).permutation(sorted(members))[: archive.held_out_drawn].tolist()
        for folder, names in members.items():
            held_out = folder in drawn or folder.startswith(archive.held_out or ("/",))
            photos += [Photo(index, name, folder, held_out) for name in names[: archive.per_class]]
    return photos


def list_views(photos: list[Photo], seed: int = 0) -> np.ndarray:
    """(photo, crop) of every view in the order of computation: all whole squares shuffled, then the second crops.

    Photos of held-out folders have only their whole square.
    """
    rng = np.random.default_rng([seed, 100])
    crops = np.array([1 if p.held_out else ARCHIVES[p.archive].crops for p in photos])
    rows = [np.stack([rng.permutation(np.flatnonzero(crops > k)), np.full((crops > k).sum(), k)], 1) for k in range(crops.max())]
    return np.concatenate(rows)


def crop_box(size: tuple[int, int], photo: int, crop: int, seed: int = 0) -> tuple[float, float, float, float]:
    """Crop 0 is the centre square; others have 0.3 to 0.9 of its area and an aspect of 3/4 to 4/3."""
    side = min(size)
    left, top = (size[0] - side) / 2, (size[1] - side) / 2
    if crop == 0:
        return left, top, left + side, top + side
    rng = np.random.default_rng([seed, 200, photo, crop])
    area, aspect = rng.uniform(0.3, 0.9), np.exp(rng.uniform(-1, 1) * np.log(4 / 3))
    width, height = (min(side, side * np.sqrt(area * q)) for q in (aspect, 1 / aspect))
    x, y = left + rng.uniform(0, side - width), top + rng.uniform(0, side - height)
    return x, y, x + width, y + height


class Reader:
    """Decodes views: uint8 [SIDE, SIDE, 3], bilinear."""

    def __init__(self, data: Path, photos: list[Photo], seed: int = 0) -> None:
        self.files = [zipfile.ZipFile(data / f"{archive.name}.zip") for archive in ARCHIVES]
        self.photos, self.seed = photos, seed

    def view(self, photo: int, crop: int) -> np.ndarray:
        of = self.photos[photo]
        image = Image.open(io.BytesIO(self.files[of.archive].read(of.file))).convert("RGB")
        box = crop_box(image.size, photo, crop, self.seed)
        return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=box))
