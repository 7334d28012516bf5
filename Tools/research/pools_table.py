"""Prints the tables of Benchmarks/results/unlabelled.md and confidence.md, by `edgessl evaluate` (standard library only).

    python Tools/research/pools_table.py --edgessl .build/release/edgessl --models A.tnn B.tnn --sets DIR ... --work .build/pools

For each encoder, number of shots and pool: what photos without labels gain over the head without them, in points with a 95 %
interval, on the mean of the sets and on each; the lowest and highest calibration error and part of known photos that is kept. Pool
`none` has the accuracy instead of a gain. The answers of evaluate are kept in --work: an interrupted run goes on."""

import argparse
import json
import pathlib
import statistics
import subprocess

POOLS = ["none", "equal", "unequal", "others", "one"]


def measured(options, model, photos, shots, pool):
    """The JSON of one cell, found before or now; None where the set has too few classes or photos for it."""
    path = options.work / f"{model.stem}_{photos.name}_{shots}_{pool}_{options.episodes}_{options.views}.json"
    if not path.exists():
        words = ["--model", model, "--dataset", photos, "--shots", shots, "--episodes", options.episodes, "--views", options.views]
        words += [] if pool == "none" else ["--unlabelled-pool", pool]
        # Photos of other classes need a class that is not taught.
        words += ["--ways", 4] if pool == "others" and sum(p.is_dir() for p in photos.iterdir()) <= 5 else []
        command = [options.edgessl, "evaluate", "--method", "auto", "--json", *words]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        if done.returncode != 0:
            print(f"{path.stem}: {done.stderr.strip().splitlines()[-1]}", flush=True)
            return None
        path.write_text(done.stdout)
    return json.loads(path.read_text())


def differences(cell):
    """Of each episode in points; accuracies where nothing is compared."""
    if "gain" not in cell:
        return cell["accuracy"], cell["ci95"]
    return cell["gain"], cell["gainCi95"]


def span(cells, key, digits):
    found = [cell[key] for cell in cells if cell[key] is not None]
    return f"{min(found):.{digits}f} to {max(found):.{digits}f}" if found else ""


def row(options, model, shots, pool):
    cells = [measured(options, model, photos, shots, pool) for photos in options.sets]
    there = [cell for cell in cells if cell]
    if not there:
        return
    values = [differences(cell) for cell in there]
    mean = statistics.fmean(value for value, _ in values)
    half = sum(interval**2 for _, interval in values) ** 0.5 / len(values)
    sign = "" if pool == "none" else "+"
    texts = [f"{differences(cell)[0]:{sign}.1f} ± {differences(cell)[1]:.1f}" if cell else "" for cell in cells]
    words = [model.stem, shots, pool, f"{mean:{sign}.1f} ± {half:.1f}", *texts]
    words += [span(there, "calibrationError", 3), span(there, "acceptedKnown", 1)]
    print("| " + " | ".join(map(str, words)) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgessl", type=pathlib.Path, required=True)
    parser.add_argument("--models", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--sets", type=pathlib.Path, nargs="+", required=True, help="folders with a folder for each class")
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--shots", type=int, nargs="+", default=[1, 3, 5, 10, 20])
    parser.add_argument("--pools", nargs="+", choices=POOLS, default=POOLS)
    parser.add_argument("--episodes", type=int, default=40)
    parser.add_argument("--views", type=int, default=1)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    print("| encoder | shots | pool | mean | " + " | ".join(photos.name for photos in options.sets) + " | ECE | kept, % |")
    print("|" + "---|" * (6 + len(options.sets)))
    for model in options.models:
        for shots in options.shots:
            for pool in options.pools:
                row(options, model, shots, pool)


if __name__ == "__main__":
    main()
