"""Prints the table of Benchmarks/results/objectives.md, by `edgessl evaluate --method finetune --ungated` (standard library only).

    python Tools/research/objectives_table.py --edgessl .build/release/edgessl --model M.tnn --photos ../shared/data/photos \\
        --work .build/objectives/M --shots 5 1 --episodes 40

For each objective the gain over the same training without it, paired episode by episode and pooled over the photo sets, with 95 %
intervals; the photos without labels come from all classes (equal) or from two of five (unequal). The training without is measured
once for each set and number of shots. Results are kept in --work, in chunks of --chunk episodes with seeds of their own, so that an
interrupted run goes on and more time gives more episodes: --minutes says when to stop, the table then has what there is."""

import argparse
import json
import pathlib
import statistics
import subprocess
import time

OBJECTIVES = [
    "rotation",
    "jigsaw",
    "patch-location",
    "supcon",
    "negative-margin",
    "simclr",
    "npid",
    "exemplar",
    "vicreg",
    "byol",
    "moco",
    "pi-model",
    "temporal-ensembling",
    "mean-teacher",
    "pseudo-label",
    "entropy",
    "interpolation",
    "distillation",
    "vat",
    "swav",
]
# They train on labelled photos only.
LABELLED = {"supcon", "negative-margin"}
POOLS = {"equal": ["--unlabelled-shots", "20"], "unequal": ["--unlabelled-shots", "20", "--unlabelled-ways", "2"]}


class Cells:
    def __init__(self, options):
        self.options = options
        self.end = time.monotonic() + 60 * options.minutes if options.minutes else None
        options.work.mkdir(parents=True, exist_ok=True)

    def found(self, photos, shots, objective, pool, chunk):
        """The JSON of one chunk of episodes; None where it is not there and the time is over."""
        words = ["--shots", str(shots), "--auxiliary", objective]
        if pool:
            words += POOLS[pool]
        words += ["--seed", str(chunk), "--episodes", str(self.options.chunk), *self.options.extra]
        path = self.options.work / ("_".join([photos] + [w.removeprefix("--") for w in words]) + ".json")
        if not path.exists():
            if self.end is not None and time.monotonic() > self.end:
                return None
            command = [str(self.options.edgessl), "evaluate", "--model", str(self.options.model), "--method", "finetune"]
            command += ["--dataset", str(self.options.photos / photos), "--ungated", "--threads", "1", "--json", *words]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
            path.write_text(done.stdout)
        return json.loads(path.read_text())


def interval(differences):
    """`+1.2 ± 0.3` and how many episodes; a star where zero is outside."""
    if len(differences) < 2:
        return "", 0
    mean = statistics.fmean(differences)
    half = 1.96 * (statistics.variance(differences) / len(differences)) ** 0.5
    return f"{mean:+.1f} ± {half:.1f}{' *' if abs(mean) > half else ''}", len(differences)


def cells_of(options):
    """What is measured, the most telling first: a run that ends early has some of each objective."""
    for chunk in range((options.episodes + options.chunk - 1) // options.chunk):
        for pool in options.pools:
            for shots in options.shots:
                for photos in options.sets:
                    yield photos, shots, "none", None, chunk
                    for objective in options.objectives:
                        yield photos, shots, objective, None if objective in LABELLED else pool, chunk


def measure(cells, options):
    for cell in cells_of(options):
        if cells.found(*cell) is None:
            return


def gains(cells, options, objective, pool, shots, sets):
    cells.end = 0
    differences = []
    for photos in sets:
        for chunk in range((options.episodes + options.chunk - 1) // options.chunk):
            own, plain = (cells.found(photos, shots, *key, chunk) for key in ((objective, pool), ("none", None)))
            if own and plain:
                differences += [a - b for a, b in zip(own["accuracies"], plain["accuracies"], strict=True)]
    return differences


def row(*cells):
    print("| " + " | ".join(str(c) for c in cells) + " |", flush=True)


def table(cells, options):
    columns = [(shots, pool) for shots in options.shots for pool in options.pools]
    row("objective", *[f"{shots} shots, {pool}" for shots, pool in columns], "episodes", *options.sets)
    print("|" + "---|" * (len(columns) + 2 + len(options.sets)))
    for objective in options.objectives:
        found = []
        for shots, pool in columns:
            pool = None if objective in LABELLED else pool
            found.append(interval(gains(cells, options, objective, pool, shots, options.sets)))
        pool = None if objective in LABELLED else options.pools[0]
        by_set = [interval(gains(cells, options, objective, pool, options.shots[0], [photos]))[0] for photos in options.sets]
        counts = sorted({count for _, count in found if count})
        row(objective, *[text for text, _ in found], " to ".join(str(c) for c in counts[:: max(1, len(counts) - 1)]), *by_set)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgessl", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--photos", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--sets", nargs="+", default=["neu_det", "flowers5", "trashnet", "caltech20"])
    parser.add_argument("--objectives", nargs="+", default=OBJECTIVES)
    parser.add_argument("--shots", type=int, nargs="+", default=[5, 1])
    parser.add_argument("--pools", nargs="+", choices=POOLS, default=list(POOLS))
    parser.add_argument("--episodes", type=int, default=40)
    parser.add_argument("--chunk", type=int, default=5)
    parser.add_argument("--minutes", type=float, help="stop measuring after so long")
    parser.add_argument("--extra", nargs="+", default=[], help="more options of evaluate, without the leading hyphens")
    options = parser.parse_args()
    options.extra = [f"--{word}" if not word[0].isdigit() else word for word in options.extra]
    cells = Cells(options)
    measure(cells, options)
    table(cells, options)


if __name__ == "__main__":
    main()
