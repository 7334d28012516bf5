"""The table of Documentation/pretraining.md: each method from the same start, on the same photos, for as many minutes of one core.

    python table.py --shared ../../../shared/data --work WORK --minutes 20 --start init random
    python table.py --shared ../../../shared/data --work WORK --minutes 2 --case domain --methods simclr byol vicreg

Rows are kept in WORK as they are found: the same command goes on, and more methods or minutes add rows. `--until HH:MM` starts no
row that would not be ready by then. What there is, is printed as Markdown; --figure draws accuracy against minutes.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

import comparison
import figure
import folder
import methods

ENCODER, INIT = "mobilenet_v2_035", "encoders/mobilenet_v2_0.35_128.onnx"
TEACHER = "encoders/mobilenet_v2_1.0_224.onnx"
ARCHIVES = ("objects_128.zip", "nature_128.zip", "surfaces_128.zip")
TOOL = (sys.executable, Path(__file__).resolve().parent / "pretrain.py")


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--shared", type=Path, required=True, help="folder with pretrain, photos and encoders")
    p.add_argument("--work", type=Path, required=True)
    p.add_argument("--minutes", type=float, default=20, help="of training, processor time of one core, for each row")
    p.add_argument("--methods", nargs="+", default=list(methods.METHODS))
    p.add_argument("--start", nargs="+", default=["init"], choices=("init", "random"))
    p.add_argument("--case", nargs="+", default=["general"], choices=("general", "domain", "surfaces"))
    p.add_argument("--limit", type=int, default=8000, help="photos of the general case")
    p.add_argument("--side", type=int, default=96)
    p.add_argument("--episodes", type=int, default=600)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--until", help="HH:MM")
    p.add_argument("--markdown", type=Path, help="file to write the table to")
    p.add_argument("--figure", type=Path, help="SVG to write, of the first case and start")
    return p.parse_args()


def data(a: argparse.Namespace, case: str) -> list[Path]:
    """The photos of a case: three archives; the half of neu_det that no episode is drawn from, without labels; or surfaces."""
    if case == "general":
        return [a.shared / "pretrain" / name for name in ARCHIVES]
    if case == "surfaces":
        return [a.shared / "pretrain/surfaces_128.zip"]
    found = folder.listed(a.shared / "photos" / comparison.DOMAIN)
    labels = np.unique([cls for _, cls, _ in found], return_inverse=True)[1]
    half = a.work / "domain-photos"
    half.mkdir(parents=True, exist_ok=True)
    for i in np.flatnonzero(comparison.shown(labels, a.seed)):
        (half / f"{i:04d}.jpg").write_bytes(found[i][2]())
    return [half]


def train(a: argparse.Namespace, method: str, start: str, case: str, out: Path) -> None:
    kind = methods.find(method)
    words = [method, "--data", *data(a, case), "--encoder", ENCODER, "--out", out, "--side", a.side, "--seed", a.seed]
    words += ["--minutes", a.minutes, "--threads", 1, "--limit", a.limit]
    words += ["--init", a.shared / INIT] if start == "init" else []
    words += ["--teacher", a.shared / TEACHER] if kind.taught else []
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    decoded = a.work / f"photos-{case}"
    decoded.mkdir(exist_ok=True)
    link(decoded, out)
    with open(out / "output.txt", "a") as log:
        done = subprocess.run(list(map(str, [*TOOL, *words])), stdout=log, stderr=log, env=environment)
    if done.returncode != 0:
        raise RuntimeError((out / "output.txt").read_text().strip().splitlines()[-1])
    link(out, decoded)


def link(source: Path, target: Path) -> None:
    """What folder.read keeps of decoded photos, which all rows of a case share."""
    for name in ("photos.npy", "photos.json"):
        if (source / name).exists() and not (target / name).exists():
            os.link(source / name, target / name)


def untrained(a: argparse.Namespace, out: Path) -> Path:
    """The encoder with random weights: a step that moves nothing."""
    words = ["rotation", "--data", *data(a, "surfaces"), "--limit", 256, "--steps", 1, "--lr", 1e-12, "--out", out]
    words += ["--side", a.side, "--seed", a.seed]
    subprocess.run(list(map(str, [*TOOL, *words])), check=True, stdout=subprocess.DEVNULL)
    return out / "encoder.onnx"


def row(a: argparse.Namespace, judge: comparison.Judge, method: str, start: str, case: str, minutes: float) -> dict | None:
    """Found before, or now; None where training failed, which is said."""
    out = a.work / f"{case}-{start}-{method}-{minutes:g}min-{a.side}px-seed{a.seed}"
    path = out / "row.json"
    if path.exists():
        return json.loads(path.read_text())
    out.mkdir(parents=True, exist_ok=True)
    found = {"method": method, "start": start, "case": case, "minutes": minutes, "steps": 0}
    if method == "none":
        encoder = a.shared / INIT if start == "init" else untrained(a, out)
    else:
        try:
            train(a, method, start, case, out)
        except RuntimeError as error:
            print(f"{method}, {start}, {case}: failed: {error}", flush=True)
            return None
        last = json.loads((out / "log.jsonl").read_text().splitlines()[-1])
        found |= {name: last[name] for name in ("deviation", "rank")} | {"steps": last["step"]}
        encoder = out / "encoder.onnx"
    found |= judge.worth(encoder)
    path.with_suffix(".part").write_text(json.dumps(found, indent=1))
    path.with_suffix(".part").replace(path)
    for large in ("checkpoint.pt", "photos.npy", "photos.json"):
        (out / large).unlink(missing_ok=True)
    print(f"{method}, {start}, {case}: 1 shot {found['shots']['1']:.1f}, 5 shots {found['shots']['5']:.1f}", flush=True)
    return found


def markdown(rows: list[dict]) -> str:
    """One table for each case and start, the best on top."""
    columns = ("method", "minutes", "steps", "1 shot", "5 shots", "kNN", "linear", "deviation", "rank")
    lines = []
    for case, start in sorted({(r["case"], r["start"]) for r in rows}):
        mine = [r for r in rows if r["start"] == start and (r["case"] == case or r["method"] == "none")]
        shots, intervals = ("shots", "intervals") if case == "general" else ("domain", "domain_intervals")
        lines += [f"\n### {case}, from {start}\n", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
        for r in sorted(mine, key=lambda r: -r[shots]["1"] - r[shots]["5"]):
            cells = ["no training" if r["method"] == "none" else r["method"], f"{r['minutes']:g}", str(r["steps"])]
            cells += [f"{r[shots][k]:.1f} ± {r[intervals][k]:.1f}" for k in ("1", "5")]
            cells += [f"{r['knn']:.1f}", f"{r['linear']:.1f}"]
            cells += [f"{r['deviation']:.2f}", f"{r['rank']:.0f}"] if "rank" in r else ["", ""]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    a = arguments()
    judge = comparison.Judge(a.shared / "photos", a.side, a.episodes, a.seed)
    for start in a.start:
        row(a, judge, "none", start, "general", 0)
    for case in a.case:
        for start in a.start:
            for method in a.methods:
                ready = datetime.datetime.now() + datetime.timedelta(minutes=1.5 * a.minutes + 1)
                if a.until and ready.strftime("%H:%M") > a.until:
                    print(f"{method}, {start}, {case}: not begun, it is {a.until} soon")
                    continue
                row(a, judge, method, start, case, a.minutes)
    rows = [json.loads(p.read_text()) for p in sorted(a.work.glob("*/row.json"))]
    print(text := markdown(rows))
    if a.markdown:
        a.markdown.write_text(text)
    if a.figure:
        a.figure.write_text(figure.drawn(rows, a.case[0], a.start[0]))


if __name__ == "__main__":
    main()
