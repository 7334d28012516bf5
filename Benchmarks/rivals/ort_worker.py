"""One process that times ONNX Runtime on one model: ort_worker.py MODEL THREADS RUNS WARMUP -> JSON on standard output."""
import json
import resource
import sys
import time

import numpy as np
import onnxruntime as ort

path, threads, runs, warmup = sys.argv[1], *map(int, sys.argv[2:5])
options = ort.SessionOptions()
options.intra_op_num_threads = threads
options.inter_op_num_threads = 1
start = time.perf_counter()
session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
feed = {}
for value in session.get_inputs():
    shape = [d if isinstance(d, int) else (1 if i == 0 else int(sys.argv[5])) for i, d in enumerate(value.shape)]
    feed[value.name] = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
# The embedding alone, as edgessl computes it, where the file offers it as an output.
names = [value.name for value in session.get_outputs()]
outputs = ["features"] if "features" in names else names[:1]
session.run(outputs, feed)
first = (time.perf_counter() - start) * 1e3
times = []
for run in range(warmup + runs):
    start = time.perf_counter()
    session.run(outputs, feed)
    if run >= warmup:
        times.append((time.perf_counter() - start) * 1e3)
print(json.dumps({"times": times, "openAndFirst": first,
                  "residentBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
