"""A step of training a tail: edgessl beside PyTorch, from the same cached cut, one thread, in one run.

    compare.py --edgessl BINARY [--rounds N] [--steps N] [--save]

Networks: models/edge-s, and mobilenet_v2_0.35_128 from $EDGESSL_DATA (default ../shared/data), left out where that is missing.
Every measurement is a process of its own, pinned to one core, the contenders in turns and in another order each round; PyTorch
runs with both memory layouts and its faster one counts. Figures are medians over the rounds.
"""

import argparse
import datetime
import json
import os
import platform
import random
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
DATA = os.environ.get("EDGESSL_DATA", os.path.join(ROOT, "..", "shared", "data"))
NETWORKS = {
    "edge-s": os.path.join(ROOT, "models", "edge-s", "edge-s.onnx"),
    "mobilenet_v2_0.35_128": os.path.join(DATA, "encoders", "mobilenet_v2_0.35_128.onnx"),
}
# Files that leave the size of the input open.
SIZES = {"mobilenet_v2_0.35_128": ["--input-size", "128"]}
RIVALS = ["contiguous", "channels_last"]


def run(command, core):
    # One thread for every library that PyTorch brings.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    result = subprocess.run(["taskset", "-c", str(core)] + command, capture_output=True, text=True, env=environment)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{result.stderr}")
    return json.loads(result.stdout.splitlines()[-1])


def measure(name, options):
    folder = os.path.join(ROOT, ".build", "bench", "training", name)
    os.makedirs(folder, exist_ok=True)
    model = os.path.join(folder, "model.tnn")
    subprocess.run(
        [options.edgessl, "import", NETWORKS[name], "-o", model, "--mean", "127.5", "--std", "127.5"] + SIZES.get(name, []),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    ours = [options.edgessl, "bench", model, "--train", "--threads", "1", "--json", "--batch", str(options.batch)]
    facts = run(ours + ["--steps", "2", "--keep", folder], 0)
    worker = [sys.executable, os.path.join(HERE, "torch_worker.py"), NETWORKS[name], str(facts["layers"]), folder]
    samples = {contender: [] for contender in ["edgessl"] + RIVALS}
    shuffle = random.Random(0)
    for round in range(options.rounds):
        order = list(samples)
        shuffle.shuffle(order)
        for contender in order:
            core = round % os.cpu_count()
            command = (
                ours + ["--steps", str(options.steps)]
                if contender == "edgessl"
                else worker + [contender, str(options.steps), str(options.batch)]
            )
            samples[contender].append(run(command, core))
    middle = {
        contender: {key: statistics.median(sample[key] for sample in found) for key in ["p50", "min", "peakResidentBytes"]}
        for contender, found in samples.items()
    }
    rival = min(RIVALS, key=lambda contender: middle[contender]["p50"])
    cosine = min(sample["cosine"] for contender in RIVALS for sample in samples[contender])
    assert cosine > 0.999, f"{name}: PyTorch's tail is another network, cosine {cosine}"
    return {
        "network": name,
        "layers": facts["layers"],
        "trainedWeights": samples[rival][0]["trainedWeights"],
        "planBytes": facts["planBytes"],
        "instructionSet": facts["instructionSet"],
        "cosine": cosine,
        "rival": rival,
        **middle,
    }


def text(rows, options):
    lines = [
        f"A step of training, batch {options.batch}, 1 thread, median of {options.rounds} rounds; "
        f"{platform.machine()}, load {os.getloadavg()[0]:.1f}",
        "",
        "| network | layers | weights | edgessl | PyTorch | ratio | least / least | edgessl resident | PyTorch resident | ratio |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        own, rival = row["edgessl"], row[row["rival"]]
        lines.append(
            f"| {row['network']} | {row['layers']} | {row['trainedWeights']:,} | {own['p50']:.2f} ms "
            f"| {rival['p50']:.2f} ms ({row['rival']}) | {rival['p50'] / own['p50']:.2f} | {rival['min'] / own['min']:.2f} "
            f"| {own['peakResidentBytes'] / 1e6:.1f} MB | {rival['peakResidentBytes'] / 1e6:.0f} MB "
            f"| {rival['peakResidentBytes'] / own['peakResidentBytes']:.1f} |"
        )
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgessl", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--save", action="store_true", help="keep the table under Benchmarks/results")
    options = parser.parse_args()
    options.edgessl = os.path.abspath(options.edgessl)
    rows = []
    for name, path in NETWORKS.items():
        if not os.path.exists(path):
            print(f"{path} is missing: {name} is left out", file=sys.stderr)
            continue
        rows.append(measure(name, options))
    table = text(rows, options)
    print(table)
    if options.save:
        stem = os.path.join(ROOT, "Benchmarks", "results", f"{datetime.date.today()}-training")
        with open(stem + ".json", "w") as file:
            json.dump(rows, file, indent=1)
        with open(stem + ".md", "w") as file:
            file.write(table + "\n")


main()
