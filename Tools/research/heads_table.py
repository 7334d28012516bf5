"""Prints how the heads do over photo sets, shots and encoders, by `edgessl evaluate` (standard library only).

    python Tools/research/heads_table.py --edgessl .build/release/edgessl --data ../shared/data --episodes 200

The ImageNet encoders of the data folder are imported to --work with the statistics of imagenet200. Each cell is an encoder,
a photo set and a number of shots, with 5 classes (4 known ones for the rejection on sets of 5 classes)."""

import argparse
import json
import pathlib
import subprocess

ENCODERS = {
    "mobilenet_v2_1.0_224": ("127", "127.5"),
    "mobilenet_v1_0.25_128": ("128", "128"),
    "mobilenet_v2_0.35_128": ("127.5", "127.5"),
    "mcunet_5fps": ("127.5", "127.5"),
}
SETS = {"trashnet": 6, "neu_det": 6, "flowers5": 5, "caltech20": 20}
METHODS = ["auto", "prototype", "centred", "power", "lda", "ridge", "logistic", "knn"]


def mean(values):
    values = list(values)
    return sum(values) / max(1, len(values))


def run(*arguments):
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


def encoder(options, name):
    path = options.work / f"{name}.tnn"
    if not path.exists():
        offset, scale = ENCODERS[name]
        size = [] if name.endswith("224") or name.startswith("mobilenet_v1") else ["--input-size", "128"]
        run(
            options.edgessl,
            "import",
            options.data / f"encoders/{name}.onnx",
            "-o",
            path,
            "--mean",
            offset,
            "--std",
            scale,
            "--crop-fraction",
            "0.875",
            "--embedding",
            "features",
            "--statistics",
            options.data / "photos/imagenet200",
            *size,
        )
    return path


def evaluate(options, model, photos, shots, ways, methods):
    text = run(
        options.edgessl,
        "evaluate",
        "--model",
        model,
        "--dataset",
        options.data / "photos" / photos,
        "--shots",
        shots,
        "--ways",
        ways,
        "--episodes",
        options.episodes,
        "--method",
        ",".join(methods),
        "--threads",
        "1",
        "--json",
    )
    return {entry["method"]: entry for entry in json.loads(text)["methods"]} if text else {}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--edgessl", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path(".build/heads-table"))
    parser.add_argument("--episodes", type=int, default=200)
    parser.add_argument("--shots", type=int, nargs="*", default=[1, 5, 10, 20])
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    cells = {}
    for name in ENCODERS:
        model = encoder(options, name)
        for photos, classes in SETS.items():
            for shots in options.shots:
                found = evaluate(options, model, photos, shots, 5, [m for m in METHODS if m != "power"])
                if not name.startswith("mobilenet_v2_0.35") and not name.startswith("mcunet"):
                    found |= evaluate(options, model, photos, shots, 5, ["power"])
                known = found if classes > 5 else evaluate(options, model, photos, shots, 4, ["auto"])
                cells[name, photos, shots] = (found, known["auto"])
                print(
                    f"{name:22} {photos:10} {shots:2}  "
                    + "  ".join(f"{m} {found[m]['accuracy']:.1f}" for m in METHODS if m in found)
                    + f"  ECE {found['auto']['calibrationError']:.3f}  "
                    + ", ".join(f"{r['signal']} {r['auroc']:.3f}/{r['falseAcceptance95']:.1f}" for r in known["auto"]["rejection"])
                    + f", accepted {known['auto']['acceptedKnown']:.1f}",
                    flush=True,
                )
    print()
    for shots in options.shots + ["all"]:
        chosen = [v for k, v in cells.items() if shots in ("all", k[2])]
        best = [max(found[m]["accuracy"] for m in found if m != "auto") for found, _ in chosen]
        auto = [found["auto"]["accuracy"] for found, _ in chosen]
        difference = [a - found["prototype"]["accuracy"] for a, (found, _) in zip(auto, chosen)]
        print(
            f"shots {shots}: auto {mean(auto):.2f}, to the best head per cell {mean(a - b for a, b in zip(auto, best)):+.2f}, "
            f"to prototypes {mean(difference):+.2f}, worst cell {min(difference):+.2f}; mean of each head: "
            + ", ".join(f"{m} {mean(f[m]['accuracy'] for f, _ in chosen if m in f):.2f}" for m in METHODS[1:])
        )
    print()
    for photos in list(SETS) + ["all"]:
        chosen = [v for k, v in cells.items() if photos in ("all", k[1])]
        error = [
            max(
                f["auto"]["calibrationError"]
                for k, (f, _) in cells.items()
                if photos in ("all", k[1]) and k[2] >= 5 or len(cells) < 2
            )
        ]
        pooled = {
            s: mean(f["auto"]["calibrationError"] for k, (f, _) in cells.items() if photos in ("all", k[1]) and k[2] == s)
            for s in options.shots
        }
        print(
            f"{photos}: largest calibration error from 5 shots {max(error):.3f}, mean by shots "
            + ", ".join(f"{s}: {e:.3f}" for s, e in pooled.items())
        )
        for index, signal in enumerate(["score", "maximum probability", "maximum cosine"]):
            print(
                f"  {signal:20} AUROC {mean(k['rejection'][index]['auroc'] for _, k in chosen):.3f}, "
                f"accepted of others at 95 % {mean(k['rejection'][index]['falseAcceptance95'] for _, k in chosen):.1f} %"
            )


if __name__ == "__main__":
    main()
