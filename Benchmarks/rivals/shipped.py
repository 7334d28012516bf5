"""The shipped encoders, and edge-s as it was before 2026-11-27: what a photo costs, in turns, in the same run."""

import os
import statistics
import subprocess
import sys

import edgessl_process

# The last commit with the encoder that the present edge-s took the place of: 96 px, 16.1 million multiply-adds.
BEFORE = "6249ca1"


def former(root, edgessl, folder):
    """The former edge-s, float32 and int8, made by the present command; nothing where the history does not reach back to it."""
    paths = [os.path.join(folder, name) for name in ("edge-s-before.tnn", "edge-s-before-int8.tnn")]
    if not all(map(os.path.exists, paths)):
        content = subprocess.run(["git", "-C", root, "show", f"{BEFORE}:models/edge-s/edge-s.onnx"], capture_output=True)
        if content.returncode != 0:
            print(f"the history does not reach back to {BEFORE}: the former edge-s is left out", file=sys.stderr)
            return []
        os.makedirs(folder, exist_ok=True)
        onnx = os.path.join(folder, "edge-s-before.onnx")
        with open(onnx, "wb") as file:
            file.write(content.stdout)
        photos = os.path.join(root, "Examples", "parts", "support")
        edgessl_process.call([edgessl, "import", onnx, "-o", paths[0], "--mean", "127.5", "--std", "127.5"])
        edgessl_process.call([edgessl, "quantize", paths[0], "--calibration", photos, "-o", paths[1], "--fast"])
    return paths


def measure(root, edgessl, folder, threads, rounds):
    """Rows of name, threads, the median of the rounds' medians in ms, multiply-adds and arena."""
    models = os.path.join(root, "models")
    shipped = ["edge-xs", "edge-xs-int8", "edge-s", "edge-s-int8", "edge-m-int8"]
    paths = [os.path.join(models, name.removesuffix("-int8"), f"{name}.tnn") for name in shipped] + former(root, edgessl, folder)
    found = {(path, count): [] for path in paths for count in threads}
    for round in range(rounds):
        for path, count in found:
            pin = str(round % os.cpu_count()) if count == 1 else ",".join(map(str, range(count)))
            found[path, count].append(edgessl_process.bench(edgessl, path, count, 100, 20, pin))
    return [
        {
            "encoder": os.path.basename(path).removesuffix(".tnn"),
            "threads": count,
            "median": statistics.median(run["p50"] for run in runs),
            "multiplyAdds": runs[0]["macs"],
            "arenaBytes": runs[0]["arenaBytes"],
        }
        for (path, count), runs in found.items()
    ]


def table(rows):
    lines = ["| shipped encoder | threads | ms | million multiply-adds | arena, bytes |", "|---|---|---|---|---|"]
    lines += [
        f"| {row['encoder']} | {row['threads']} | {row['median']:.3f} | {row['multiplyAdds'] / 1e6:.1f} | {row['arenaBytes']:,} |"
        for row in rows
    ]
    return "\n".join(lines)
