"""Exchanges labels of photos and measures what `edgessl review` finds of them: precision and recall of its list.

    python Tools/research/wrong_labels.py --edgessl .build/release/edgessl --model models/edge-s/edge-s.tnn \\
        --sets ../shared/data/photos/flowers5 ../shared/data/photos/trashnet

Of each class some photos are drawn (links to the files), a share of all gets the label of another class drawn at random, and the
suspects are compared with those that were exchanged. Means over the draws; the interval is 95 % (normal approximation)."""

import argparse
import json
import pathlib
import random
import subprocess
import tempfile


def draw(classes, options, folder, seed):
    """Links photos into class folders; returns the names of those with a wrong label."""
    chance = random.Random(seed)
    chosen = [
        (name, photo) for name, photos in classes.items() for photo in chance.sample(photos, min(options.photos, len(photos)))
    ]
    wrong = set(chance.sample(range(len(chosen)), round(options.share * len(chosen))))
    names = set()
    for index, (name, photo) in enumerate(chosen):
        label = chance.choice([other for other in classes if other != name]) if index in wrong else name
        target = folder / label / f"{index}{photo.suffix}"
        target.parent.mkdir(exist_ok=True)
        target.symlink_to(photo.resolve())
        if index in wrong:
            names.add(str(target))
    return names


def review(options, folder):
    command = [options.edgessl, "review", folder, "--model", options.model, "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["suspects"]


def mean(values):
    centre = sum(values) / len(values)
    if len(values) < 2:
        return centre, 0
    variance = sum((v - centre) ** 2 for v in values) / (len(values) - 1)
    return centre, 1.96 * (variance / len(values)) ** 0.5


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgessl", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--sets", nargs="+", type=pathlib.Path, required=True)
    parser.add_argument("--photos", type=int, default=20, help="of each class")
    parser.add_argument("--share", type=float, default=0.1, help="of photos with an exchanged label")
    parser.add_argument("--draws", type=int, default=10)
    options = parser.parse_args()
    print("| set | suspects | precision | recall |\n|---|---|---|---|")
    for path in options.sets:
        classes = {f.name: sorted(p for p in f.iterdir() if p.is_file()) for f in sorted(path.iterdir()) if f.is_dir()}
        classes = {name: photos for name, photos in classes.items() if len(photos) >= options.photos}
        counts, precisions, recalls = [], [], []
        for seed in range(options.draws):
            with tempfile.TemporaryDirectory() as name:
                wrong = draw(classes, options, pathlib.Path(name), seed)
                found = {suspect["image"] for suspect in review(options, name)}
            counts.append(len(found))
            precisions.append(100 * len(found & wrong) / max(1, len(found)))
            recalls.append(100 * len(found & wrong) / len(wrong))
        cells = [f"{m:.1f} ± {i:.1f}" for m, i in map(mean, (counts, precisions, recalls))]
        print(f"| {path.name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
