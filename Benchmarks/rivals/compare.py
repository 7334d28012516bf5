"""edgessl beside ONNX Runtime, LiteRT (XNNPACK), OpenVINO and ExecuTorch (XNNPACK): every cell of the table (network, precision,
threads, runtime) is measured in processes of its own, pinned, with warm-up, the runtimes in turns and in another order each round.

    compare.py --edgessl BINARY [--quick] [--save] [--networks A,B] [--rounds N] [--seconds S] [--threads 1,2]

Models are exported once, under .build/bench. Each cell shows the median of the rounds' medians, the least of their minima, the
median of their p90.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys

import edgessl_process
import export
import networks
import report
import shipped

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RIVALS = ["onnxruntime", "litert", "openvino", "executorch"]
FILES = {"edgessl": "{}.tnn", "onnxruntime": "{}.onnx", "litert": "{}.tflite", "openvino": "{}.onnx", "executorch": "{}.pte"}
# Cosine of the output to PyTorch's, below which a runtime does not compute the same network.
AGREEMENT = {"float": 0.9999, "int8": 0.7}


def rival(runtime, precision, folder, threads, pin, options):
    command = [
        "taskset",
        "-c",
        pin,
        sys.executable,
        os.path.join(HERE, "worker.py"),
        runtime,
        precision,
        folder,
        str(threads),
        str(options.seconds),
    ]
    result = subprocess.run(command, capture_output=True, text=True)
    for line in result.stdout.splitlines():
        if line.startswith("JSON"):
            return json.loads(line[4:])
    lines = result.stderr.strip().splitlines()
    return {"failed": lines[-1][:200] if lines else f"exit status {result.returncode}"}


def measure(runtime, precision, folder, threads, pin, options):
    path = os.path.join(folder, FILES[runtime].format(precision))
    if not os.path.exists(path):
        if not os.path.exists(path + ".failed"):
            return {"failed": "no such model"}
        with open(path + ".failed") as file:
            return {"failed": file.readline().strip()[:200]}
    if runtime == "edgessl":
        return edgessl_process.measure(options.edgessl, path, folder, threads, pin, options.seconds)
    return rival(runtime, precision, folder, threads, pin, options)


def combine(samples):
    if any("failed" in sample for sample in samples):
        return next(sample for sample in samples if "failed" in sample)
    middle = {
        field: statistics.median(sample[field] for sample in samples)
        for field in ["median", "p90", "openAndFirst", "residentBytes", "cosine"]
    }
    return {**middle, "min": min(sample["min"] for sample in samples)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--edgessl", required=True)
    parser.add_argument("--networks", help="names, separated by commas")
    parser.add_argument("--precisions", default="float,int8")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.6, help="time of one process in the timed loop")
    parser.add_argument("--quick", action="store_true", help="three networks, one short round")
    parser.add_argument("--save", action="store_true", help="keep the table under Benchmarks/results")
    parser.add_argument("--models", default=os.path.join(ROOT, ".build", "bench"), help="where exported models are kept")
    options = parser.parse_args()
    options.edgessl = os.path.abspath(options.edgessl)
    if options.quick:
        options.rounds, options.seconds = 1, 0.3
    names = options.networks.split(",") if options.networks else networks.QUICK if options.quick else list(networks.NETWORKS)
    shuffle = random.Random(0)
    rows = []
    whole = edgessl_process.classify_whole_process(options.edgessl, ROOT)
    counts = [int(count) for count in options.threads.split(",")]
    whole["shipped"] = shipped.measure(ROOT, options.edgessl, options.models, counts, options.rounds)
    print(shipped.table(whole["shipped"]), file=sys.stderr, flush=True)
    for name in names:
        export.export_rivals(name, options.models)
        export.export_ours(name, options.models, options.edgessl)
        folder = export.folder_of(options.models, name)
        for threads in counts:
            samples = {(precision, runtime): [] for precision in options.precisions.split(",") for runtime in ["edgessl"] + RIVALS}
            for round in range(options.rounds):
                # One thread runs on each core in turn, as the cores are not equally busy.
                pin = str(round % os.cpu_count()) if threads == 1 else ",".join(map(str, range(threads)))
                order = list(samples)
                shuffle.shuffle(order)
                for precision, runtime in order:
                    samples[precision, runtime].append(measure(runtime, precision, folder, threads, pin, options))
            for precision in options.precisions.split(","):
                cells = {runtime: combine(samples[precision, runtime]) for runtime in ["edgessl"] + RIVALS}
                for cell in cells.values():
                    if not cell.get("cosine", 1) >= AGREEMENT[precision]:
                        cell["failed"] = f"output differs from PyTorch's: cosine {cell['cosine']:.4f}"
                rows.append({"network": name, "precision": precision, "threads": threads, "cells": cells})
                print(report.line(rows[-1]), file=sys.stderr, flush=True)
        # What is measured is kept even if the run is stopped.
        if options.save:
            report.save(rows, whole, options, ROOT)
    print(report.text(rows, whole, options))


main()
