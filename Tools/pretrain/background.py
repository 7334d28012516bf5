"""Writes the background photos of the encoder: a choice of training photos spread over the classes.

    python background.py --data ../../../shared/data/pretrain --out /tmp/background

The photos go to a folder outside the repository (they are not ours to redistribute); `edgessl import --statistics`
reads it. background.txt in the same folder lists archive and file of each. The files are copied byte by byte.
"""
import argparse
import os
import zipfile

import numpy as np

import data


def choose(folder, count, seed):
    """`count` files, one class after the other in random order, a random photo of each, until enough are found.

    Classes held out for validation are left out. Each photo is (archive, file), each at most once.
    """
    rng = np.random.default_rng([seed, 600])
    held, members = set(), {}
    for a, (name, _, _) in enumerate(data.ARCHIVES):
        files, classes = data.archive_photos(os.path.join(folder, name + ".zip"))
        held |= data.held_out_classes(a, classes, seed)
        for f, c in zip(files, classes):
            members.setdefault(c, []).append((name, f))
    names = sorted(c for c in members if c not in held)
    queues = {c: [members[c][i] for i in rng.permutation(len(members[c]))] for c in names}
    chosen = []
    while len(chosen) < count:
        for i in rng.permutation(len(names)):
            if queues[names[i]] and len(chosen) < count:
                chosen.append(queues[names[i]].pop())
        if not any(queues.values()):
            raise SystemExit(f"only {len(chosen)} photos found in {folder}; {count} wanted")
    return chosen


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", required=True, help="folder with the pretraining archives")
    p.add_argument("--out", required=True, help="folder to write; outside the repository")
    p.add_argument("--count", type=int, default=256)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    os.makedirs(a.out, exist_ok=True)
    chosen = choose(a.data, a.count, a.seed)
    archives = {n: zipfile.ZipFile(os.path.join(a.data, n + ".zip")) for n in {n for n, _ in chosen}}
    for i, (name, file) in enumerate(chosen):
        with open(os.path.join(a.out, f"{i:04d}.jpg"), "wb") as f:
            f.write(archives[name].read(file))
    with open(os.path.join(a.out, "background.txt"), "w") as f:
        f.writelines(f"{i:04d}.jpg {name}.zip/{file}\n" for i, (name, file) in enumerate(chosen))
    print(f"{len(chosen)} photos in {a.out}")


if __name__ == "__main__":
    main()
