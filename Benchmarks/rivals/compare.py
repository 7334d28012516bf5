"""edgessl beside ONNX Runtime: each runtime in processes of its own, pinned, interleaved round by round; medians and ratios.

Also: the built-in kernels beside OpenBLAS as backend, and the whole process of `edgessl classify` (time, resident memory).
"""
import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

import resnet18

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
DATA = os.environ.get("EDGESSL_DATA", os.path.join(ROOT, "..", "shared", "data"))


def edgessl(arguments, binary, pin=None):
    command = (["taskset", "-c", pin] if pin else []) + [binary] + arguments
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}: {result.stderr.strip()}")
    return result.stdout


def models(folder):
    """name -> (ONNX file, input size)"""
    path = os.path.join(folder, "resnet18.onnx")
    resnet18.build(path)
    found = {"resnet18 @224": (path, 224)}
    for name, file, size in [("mobilenet_v2 1.0 @224", "mobilenet_v2_1.0_224.onnx", 224),
                             ("mobilenet_v2 0.35 @128", "mobilenet_v2_0.35_128.onnx", 128),
                             ("mcunet_5fps @128", "mcunet_5fps.onnx", 128)]:
        path = os.path.join(DATA, "encoders", file)
        if os.path.exists(path):
            found[name] = (path, size)
        else:
            print(f"left out: {name}: no {path}", file=sys.stderr)
    return found


def measure(name, onnx, size, threads, options, folder):
    model = os.path.join(folder, "model.tnn")
    edgessl(["import", onnx, "-o", model, "--input-size", str(size)], options.edgessl)
    pin = ",".join(str(core) for core in range(threads))
    medians = {"edgessl": [], "edgessl+openblas": [], "onnxruntime": []}
    resident = {}
    for _ in range(options.rounds):
        for backend, key in [("builtin", "edgessl"), ("openblas", "edgessl+openblas")]:
            out = json.loads(edgessl(["bench", model, "--threads", str(threads), "--runs", str(options.runs), "--warmup", "10",
                                      "--backend", backend, "--json"], options.edgessl, pin))
            medians[key].append(out["p50"])
            resident[key] = out["residentBytes"]
        out = subprocess.run(["taskset", "-c", pin, sys.executable, os.path.join(HERE, "ort_worker.py"), onnx, str(threads),
                              str(options.runs), "10", str(size)], capture_output=True, text=True, check=True).stdout
        out = json.loads(out)
        medians["onnxruntime"].append(statistics.median(out["times"]))
        resident["onnxruntime"] = out["residentBytes"]
    ours, theirs = (statistics.median(medians[key]) for key in ["edgessl", "onnxruntime"])
    blas = statistics.median(medians["edgessl+openblas"])
    return {"model": name, "threads": threads, "edgessl": ours, "edgesslOpenBLAS": blas, "onnxruntime": theirs,
            "ratio": ours / theirs, "residentBytes": resident}


def whole_process(options):
    """`edgessl classify` of one photo: wall time of the process and its resident memory, with the shipped encoder."""
    parts = os.path.join(ROOT, "Examples", "parts")
    with tempfile.TemporaryDirectory() as folder:
        task = os.path.join(folder, "parts.tnn")
        edgessl(["adapt", os.path.join(parts, "support"), "-o", task], options.edgessl)
        photo = os.path.join(parts, "query", "bolt", "01.jpg")
        times = []
        for _ in range(20):
            start = time.perf_counter()
            result = subprocess.run([options.edgessl, "classify", photo, "--model", task, "--json"], capture_output=True, text=True)
            times.append((time.perf_counter() - start) * 1e3)
            if result.returncode:
                sys.exit(f"edgessl classify: {result.stderr.strip()}")
        # What the process reports of itself: the kernel's own maximum includes this script, from which it was forked.
        peak = int(re.search(r"peak ([0-9,]+)", result.stderr).group(1).replace(",", ""))
        facts = json.loads(edgessl(["inspect", task, "--json"], options.edgessl))
        return {"milliseconds": statistics.median(times), "residentBytes": peak, "arenaBytes": facts["arenaBytes"], "weightBytes": facts["weightBytes"]}


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--edgessl", required=True)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="fewer runs, one thread")
    parser.add_argument("--save", action="store_true", help="keep the table under Benchmarks/results")
    options = parser.parse_args()
    options.edgessl = os.path.abspath(options.edgessl)
    if options.quick:
        options.runs, options.rounds = 20, 3
    lines = [f"{machine()}; {time.strftime('%Y-%m-%d')}; float32, batch 1; median of {options.rounds} interleaved rounds of "
             f"{options.runs} runs, ms", "",
             "| model | threads | edgessl | edgessl + OpenBLAS | ONNX Runtime | ratio to ONNX Runtime |", "|---|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        for name, (onnx, size) in models(folder).items():
            for threads in [1] if options.quick else [1, 2]:
                row = measure(name, onnx, size, threads, options, folder)
                lines.append(f"| {row['model']} | {threads} | {row['edgessl']:.2f} | {row['edgesslOpenBLAS']:.2f} | "
                             f"{row['onnxruntime']:.2f} | {row['ratio']:.2f} |")
                print(lines[-1], flush=True)
    whole = whole_process(options)
    lines += ["", f"`edgessl classify` of one photo with models/edge-s, whole process: {whole['milliseconds']:.1f} ms median; "
              f"resident {whole['residentBytes'] / 2**20:.1f} MiB at its peak, plan {whole['arenaBytes'] / 2**20:.2f} MiB, "
              f"weights {whole['weightBytes'] / 2**20:.2f} MiB."]
    text = "\n".join(lines)
    print("\n" + text)
    if options.save:
        path = os.path.join(ROOT, "Benchmarks", "results", f"{time.strftime('%Y-%m-%d')}.md")
        with open(path, "w") as file:
            file.write(text + "\n")


main()
