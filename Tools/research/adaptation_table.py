"""Prints the tables of Benchmarks/results/adaptation.md, by `edgessl evaluate --method finetune` (standard library only).

    python Tools/research/adaptation_table.py --edgessl .build/release/edgessl --model M.tnn --photos ../shared/data/photos \\
        --work .build/adaptation-table/M --table gate shots rotation shift aligned

gate: held-out photos decide, beside prototypes and `--method auto` without training. shots: trained always, more photos.
rotation: with and without it, labelled and unlabelled photos. shift: the same where queries and unlabelled photos come through
another camera. aligned: trained, then aligned with that camera. Results are kept in --work, so an interrupted run goes on;
differences are paired, episode by episode, with 95 % intervals."""

import argparse
import json
import pathlib
import statistics
import subprocess

SHIFTS = ["camera", "camera:0.5", "noise", "blur", "exposure", "colour", "jpeg"]


class Cells:
    def __init__(self, options):
        self.options = options
        options.work.mkdir(parents=True, exist_ok=True)

    def __call__(self, photos, *arguments, method="finetune", episodes=None):
        """The JSON of one evaluation."""
        words = [str(a) for a in arguments] + ["--episodes", str(episodes or self.options.episodes)]
        path = self.options.work / ("_".join([photos, method] + [w.removeprefix("--") for w in words]) + ".json")
        if not path.exists():
            command = [
                str(self.options.edgessl),
                "evaluate",
                "--model",
                str(self.options.model),
                "--dataset",
                str(self.options.photos / photos),
                "--method",
                method,
                "--threads",
                "1",
                "--json",
            ] + words
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
            path.write_text(done.stdout)
        return json.loads(path.read_text())


def paired(a, b):
    """`+1.2 ± 0.3`: the mean difference and its 95 % interval."""
    differences = [x - y for x, y in zip(a, b, strict=True)]
    mean = statistics.fmean(differences)
    interval = 1.96 * (statistics.variance(differences) / len(differences)) ** 0.5 if len(differences) > 1 else 0
    star = " *" if abs(mean) > interval else ""
    return f"{mean:+.1f} ± {interval:.1f}{star}"


def row(*cells):
    print("| " + " | ".join(str(c) for c in cells) + " |", flush=True)


def header(*cells):
    print()
    row(*cells)
    print("|" + "---|" * len(cells), flush=True)


def mean(values):
    return f"{statistics.fmean(values):.1f}"


def gate(run, options):
    header("photos", "shots", "prototypes", "auto", "gated", "to prototypes", "to auto", "trained in")
    for photos in options.sets:
        for shots in options.shots or [5]:
            found = run(photos, "--shots", shots)
            auto = {m["method"]: m["accuracies"] for m in run(photos, "--shots", shots, method="prototype,auto")["methods"]}["auto"]
            own = found["accuracies"]
            row(
                photos,
                shots,
                mean(found["frozenAccuracies"]),
                mean(auto),
                mean(own),
                paired(own, found["frozenAccuracies"]),
                paired(own, auto),
                f"{found['trainedEpisodes']} of {found['episodes']}",
            )


def shots(run, options):
    header("photos", "shots", "prototypes", "trained", "gain")
    for photos in options.sets:
        for count in options.shots or [10, 20]:
            found = run(photos, "--shots", count, "--ungated")
            row(
                photos,
                count,
                mean(found["frozenAccuracies"]),
                mean(found["accuracies"]),
                paired(found["accuracies"], found["frozenAccuracies"]),
            )


def rotation(run, options):
    header("photos", "shots", "prototypes", "trained", *[f"rotation, {n} unlabelled" for n in options.unlabelled])
    for photos in options.sets:
        for count in options.shots or [1, 5, 10, 20]:
            plain = run(photos, "--shots", count, "--ungated")
            row(
                photos,
                count,
                mean(plain["frozenAccuracies"]),
                mean(plain["accuracies"]),
                *[rotated(run, plain, photos, "--shots", count, "--ungated", unlabelled=n) for n in options.unlabelled],
            )


def rotated(run, plain, photos, *arguments, unlabelled, field="accuracies"):
    extra = ["--unlabelled-shots", unlabelled // 5] if unlabelled else []
    found = run(photos, *arguments, "--auxiliary", "rotation", *extra)
    seen = f" ({found['unlabelled']:.0f})" if unlabelled and round(found["unlabelled"]) != unlabelled else ""
    return paired(found[field], plain[field]) + seen


def shift(run, options):
    header("photos", "camera", "prototypes", "trained", *[f"rotation, {n} unlabelled" for n in options.unlabelled if n])
    for photos in options.sets:
        for camera in options.shifts:
            plain = run(photos, "--shots", 5, "--ungated", "--shift", camera)
            row(
                photos,
                camera,
                mean(plain["frozenAccuracies"]),
                mean(plain["accuracies"]),
                *[
                    rotated(run, plain, photos, "--shots", 5, "--ungated", "--shift", camera, unlabelled=n)
                    for n in options.unlabelled
                    if n
                ],
            )


def aligned(run, options):
    header("photos", "camera", "aligned", "trained, aligned", "gain of training", "gain of rotation")
    for photos in options.sets:
        for camera in options.shifts:
            cells = ["--shots", 5, "--shift", camera, "--unlabelled-shots", 25]
            only = run(photos, *cells, method="prototype")
            plain = run(photos, *cells, "--ungated", "--align")
            row(
                photos,
                camera,
                mean(only["accuracies"]),
                mean(plain["alignedAccuracies"]),
                paired(plain["alignedAccuracies"], only["accuracies"]),
                rotated(
                    run,
                    plain,
                    photos,
                    "--shots",
                    5,
                    "--shift",
                    camera,
                    "--ungated",
                    "--align",
                    unlabelled=125,
                    field="alignedAccuracies",
                ),
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgessl", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--photos", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--table", nargs="+", choices=["gate", "shots", "rotation", "shift", "aligned"], required=True)
    parser.add_argument("--sets", nargs="+", default=["neu_det", "flowers5", "trashnet", "caltech20"])
    parser.add_argument("--shots", type=int, nargs="+")
    parser.add_argument("--unlabelled", type=int, nargs="+", default=[0, 50, 200])
    parser.add_argument("--shifts", nargs="+", default=SHIFTS)
    parser.add_argument("--episodes", type=int, default=100)
    options = parser.parse_args()
    run = Cells(options)
    for name in options.table:
        {"gate": gate, "shots": shots, "rotation": rotation, "shift": shift, "aligned": aligned}[name](run, options)


if __name__ == "__main__":
    main()
