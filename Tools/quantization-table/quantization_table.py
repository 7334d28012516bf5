#!/usr/bin/env python3
"""What int8 costs: paired few-shot episodes (the same photos learned and asked), float32 against int8.

usage: quantization_table.py EDGESSL PHOTOS CALIBRATION M.tnn...

EDGESSL is the command, PHOTOS a folder of datasets (each with one folder per class), CALIBRATION a folder of photos.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path


def result(*command: str) -> dict:
    return json.loads(subprocess.run([*command, "--json"], check=True, capture_output=True, text=True).stdout)


def main() -> None:
    edgessl, photos, calibration, *models = sys.argv[1:]
    sets = sorted(d for d in Path(photos).iterdir() if sum(p.is_dir() for p in d.iterdir()) >= 5)
    print("| encoder | file | arena | cosine |", " | ".join(d.name for d in sets), "| mean loss | worst |")
    print("|---" * (6 + len(sets)) + "|")
    for model in models:
        with tempfile.TemporaryDirectory() as folder:
            int8 = str(Path(folder) / "int8.tnn")
            made = result(edgessl, "quantize", model, "--calibration", calibration, "-o", int8)
            cells, losses = [], []
            for dataset in sets:
                episodes = ("--dataset", str(dataset), "--ways", "5", "--shots", "5", "--episodes", "600", "--seed", "0")
                before, after = (result(edgessl, "evaluate", "--model", m, *episodes)["accuracy"] for m in (model, int8))
                losses.append(before - after)
                cells.append(f"{before:.2f} -> {after:.2f}")
            row = [Path(model).stem, f"{made['fileRatio']:.3f}", f"{made['arenaRatio']:.3f}", f"{made['embeddingCosine']:.5f}", *cells]
            print("|", " | ".join(row), f"| {sum(losses) / len(losses):+.2f} | {max(losses):+.2f} |", flush=True)


if __name__ == "__main__":
    main()
