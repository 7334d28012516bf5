"""Writes photos of the classes that the training of the encoder held out: one folder for each class.

    python held_out.py --data ../../../shared/data/pretrain --out /tmp/held-out

The photos go to a folder outside the repository (they are not ours to redistribute); `edgessl import --classes` fits confidence for
tasks with one or two photos of a class on them. The files are copied byte by byte, the first --count of each class.
"""
import argparse
import os
import zipfile

import data


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", required=True, help="folder with the pretraining archives")
    p.add_argument("--out", required=True, help="folder to write; outside the repository")
    p.add_argument("--count", type=int, default=40)
    p.add_argument("--seed", type=int, default=0, help="that of the training")
    a = p.parse_args()
    photos, held = [], set()
    for index, (name, _, _) in enumerate(data.ARCHIVES):
        files, classes = data.archive_photos(os.path.join(a.data, name + ".zip"))
        held |= data.held_out_classes(index, classes, a.seed)
        photos += zip([name] * len(files), files, classes)
    archives = {name: zipfile.ZipFile(os.path.join(a.data, name + ".zip")) for name, _, _ in data.ARCHIVES}
    written = dict.fromkeys(held, 0)
    for name, file, label in photos:
        if label not in held or written[label] == a.count:
            continue
        written[label] += 1
        os.makedirs(os.path.join(a.out, label), exist_ok=True)
        with open(os.path.join(a.out, label, f"{written[label]:04d}.jpg"), "wb") as f:
            f.write(archives[name].read(file))
    print(f"{sum(written.values())} photos of {len(held)} classes in {a.out}")


if __name__ == "__main__":
    main()
