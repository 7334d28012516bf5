"""Writes training photos into folders for `edgessl import` and `edgessl quantize`; they are not ours to redistribute.

    python photos.py --data ../../../shared/data/pretrain --background /tmp/background --classes /tmp/held-out

--background: photos of the photographic archives, spread over their folders, for --statistics and --calibration.
--classes: photos of the folders that training held out, one folder for each, for --classes.
The files are copied byte by byte; list.txt in the background folder says where each is from.
"""

import argparse
import zipfile
from pathlib import Path

import numpy as np

import archives


def background(photos: list[archives.Photo], count: int, seed: int) -> list[archives.Photo]:
    """One folder after the other in random order, a random photo of each, until `count` are found."""
    rng = np.random.default_rng([seed, 600])
    members: dict[tuple[int, str], list[archives.Photo]] = {}
    for photo in photos:
        if archives.ARCHIVES[photo.archive].photographic and not photo.held_out:
            members.setdefault((photo.archive, photo.folder), []).append(photo)
    queues = [[folder[i] for i in rng.permutation(len(folder))] for _, folder in sorted(members.items())]
    chosen: list[archives.Photo] = []
    while len(chosen) < count:
        if not any(queues):
            raise SystemExit(f"only {len(chosen)} photos found; {count} wanted")
        for i in rng.permutation(len(queues)):
            if queues[i] and len(chosen) < count:
                chosen.append(queues[i].pop())
    return chosen


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", type=Path, required=True, help="folder with the training archives")
    p.add_argument("--background", type=Path, required=True, help="folder to write; outside the repository")
    p.add_argument("--classes", type=Path, required=True, help="folder to write; outside the repository")
    p.add_argument("--count", type=int, default=128, help="background photos")
    p.add_argument("--per-class", type=int, default=40, help="photos of a held-out folder at most")
    p.add_argument("--seed", type=int, default=0, help="that of the training")
    a = p.parse_args()
    files = [zipfile.ZipFile(a.data / f"{archive.name}.zip") for archive in archives.ARCHIVES]
    photos = archives.list_photos(a.data, a.seed)
    a.background.mkdir(parents=True, exist_ok=True)
    lines = []
    for i, photo in enumerate(background(photos, a.count, a.seed)):
        (a.background / f"{i:04d}.jpg").write_bytes(files[photo.archive].read(photo.file))
        lines.append(f"{i:04d}.jpg {archives.ARCHIVES[photo.archive].name}.zip/{photo.file}\n")
    (a.background / "list.txt").write_text("".join(lines))
    written: dict[str, int] = {}
    for photo in photos:
        number = written.get(photo.folder, 0)
        if not photo.held_out or number == a.per_class:
            continue
        written[photo.folder] = number + 1
        folder = a.classes / photo.folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:04d}.jpg").write_bytes(files[photo.archive].read(photo.file))
    print(f"{a.count} photos in {a.background}, {sum(written.values())} photos of {len(written)} folders in {a.classes}")


if __name__ == "__main__":
    main()
