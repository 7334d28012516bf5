"""Puts golden cases through the command and compares with ONNX Runtime's answers.

    python parity.py --edgessl .build/release/edgessl DIR [NAME...]

DIR holds cases as export_models.py writes them. For each: `edgessl import` of the model's first output and of its
embedding, `edgessl run` on the recorded input, and the largest difference as a part of the largest output (output / embedding);
the arena, and what it is of the largest sum of living tensors at one step. Prints a Markdown table; the exit status is 1 if a
case differs by more than its tolerance, is refused, or has an arena above ARENA_LIMIT times that sum.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ARENA_LIMIT = 1.10


def command(arguments: list) -> tuple[int, dict | str]:
    result = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    if result.returncode != 0:
        return result.returncode, result.stderr.strip().splitlines()[-1] if result.stderr.strip() else "no message"
    return 0, json.loads(result.stdout)


def compare(edgessl: Path, folder: Path, work: Path) -> tuple[bool, list]:
    case = json.loads((folder / "case.json").read_text())
    results = dict(list(case["output"].items())[:1])
    if "embedding" in case:
        results[case["embedding"]["name"]] = case["embedding"]["file"]
    rows = [compare_output(edgessl, folder, work, case, name, file) for name, file in results.items()]
    worst = next((row for row in rows if not row[0]), rows[0])
    if len(rows) > 1 and worst[0]:
        worst[1][0] += f" / {rows[1][1][0]}"
    return worst


def compare_output(edgessl: Path, folder: Path, work: Path, case: dict, output: str, file: str) -> tuple[bool, list]:
    expected = np.load(folder / file)
    status, imported = command([edgessl, "import", folder / "model.onnx", "-o", work / "m.tnn", "--embedding", output, "--json"])
    if status:
        return False, ["refused", imported]
    status, inspected = command([edgessl, "inspect", work / "m.tnn", "--json"])
    if status:
        return False, ["not inspected", inspected]
    inputs = [value for name, path in case["input"].items() for value in ("--input", f"{name}={folder / path}")]
    status, ran = command([edgessl, "run", work / "m.tnn", *inputs, "--output", work / "y.npy", "--json"])
    if status:
        return False, ["failed", ran]
    actual = np.load(work / "y.npy")
    if actual.shape != expected.shape:
        return False, ["wrong shape", f"{actual.shape}, expected {expected.shape}"]
    difference = float(np.abs(actual - expected).max() / np.abs(expected).max())
    counts = f"{sum(imported['sourceOperators'].values())} -> {sum(imported['operators'].values())}"
    row = [
        f"{difference:.1e}",
        counts,
        f"{imported['macs'] / 1e6:.0f}",
        f"{imported['arenaBytes'] / 2**20:.2f}",
        f"{inspected['plan']['ratio']:.2f}",
        f"{ran['milliseconds']:.1f}",
    ]
    return difference <= case["tolerance"] and inspected["plan"]["ratio"] <= ARENA_LIMIT, row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--edgessl", type=Path, default=Path(".build/release/edgessl"))
    arguments = parser.parse_args()
    names = arguments.names or sorted(folder.name for folder in arguments.directory.iterdir() if (folder / "case.json").exists())
    print(
        "| model | difference | operators | million MACs | arena MiB | of the bound | ms |\n|---|---|---|---|---|---|---|",
        flush=True,
    )
    failures = []
    for name in names:
        with tempfile.TemporaryDirectory() as work:
            passes, row = compare(arguments.edgessl.resolve(), arguments.directory / name, Path(work))
        if not passes:
            failures.append(name)
        print(
            "| " + " | ".join([name, *row]) + " |" + ("" if passes else " is refused, differs too much or has too large an arena"),
            flush=True,
        )
    print(
        f"\n{len(names) - len(failures)} of {len(names)} within the limits" + (f"; not: {', '.join(failures)}" if failures else "")
    )
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
