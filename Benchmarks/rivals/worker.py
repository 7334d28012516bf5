"""One process that measures one runtime on one model: worker.py RUNTIME PRECISION FOLDER THREADS SECONDS -> a JSON line.

Inputs are written before the clock starts and outputs read after it stops, so that the timed call is the runtime's own, with what
its Python binding adds to it: some microseconds. Resident memory is the peak of the process less what it had before the runtime was
imported.
"""

import gc
import json
import os
import sys
import time

import numpy as np

runtime, precision, folder, threads, seconds = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5])
os.environ["OMP_NUM_THREADS"] = str(threads)
x, expected = (np.load(os.path.join(folder, name)) for name in ["input.npy", "output.npy"])


def memory(field):
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024


before = memory("VmRSS")

if runtime == "onnxruntime":
    import onnxruntime

    opened = time.perf_counter()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(os.path.join(folder, f"{precision}.onnx"), options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    binding.bind_cpu_input("x", x)
    binding.bind_output("y")

    def run():
        session.run_with_iobinding(binding)

    def output():
        return binding.copy_outputs_to_cpu()[0]

elif runtime == "litert":
    from ai_edge_litert.interpreter import Interpreter

    opened = time.perf_counter()
    interpreter = Interpreter(model_path=os.path.join(folder, f"{precision}.tflite"), num_threads=threads)
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    value = np.ascontiguousarray(x.transpose(0, 2, 3, 1))
    if source["dtype"] == np.int8:
        scale, zero = source["quantization"]
        value = np.clip(np.round(value / scale + zero), -128, 127).astype(np.int8)
    interpreter.set_tensor(source["index"], value)
    run = interpreter.invoke

    def output():
        result = interpreter.get_tensor(target["index"])
        if target["dtype"] == np.int8:
            scale, zero = target["quantization"]
            result = (result.astype(np.float32) - zero) * scale
        return result
elif runtime == "openvino":
    import openvino

    opened = time.perf_counter()
    core = openvino.Core()
    compiled = core.compile_model(
        core.read_model(os.path.join(folder, f"{precision}.onnx")),
        "CPU",
        {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"},
    )
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(x, shared_memory=True))
    run = request.infer

    def output():
        return request.get_output_tensor(0).data

elif runtime == "executorch":
    import torch

    before = memory("VmRSS")
    from executorch.extension.pybindings import portable_lib
    from executorch.runtime import Runtime

    portable_lib._unsafe_reset_threadpool(threads)
    opened = time.perf_counter()
    method = Runtime.get().load_program(os.path.join(folder, f"{precision}.pte")).load_method("forward")
    arguments, results = [torch.from_numpy(x)], [None]

    def run():
        results[0] = method.execute(arguments)

    def output():
        return results[0][0].numpy()

else:
    sys.exit(f"no runtime {runtime}")

run()
first = time.perf_counter()
result = np.array(output(), np.float32).reshape(-1)
expected = expected.reshape(-1)
cosine = float(result @ expected / np.sqrt((result @ result) * (expected @ expected)))
start, count = time.perf_counter(), 0
while count < 5 or time.perf_counter() - start < 0.15:
    run()
    count += 1
gc.disable()
times, start = [], time.perf_counter()
while len(times) < 5 or time.perf_counter() - start < seconds:
    began = time.perf_counter_ns()
    run()
    times.append(time.perf_counter_ns() - began)
times.sort()
print(
    "JSON"
    + json.dumps(
        {
            "median": times[len(times) // 2] / 1e6,
            "min": times[0] / 1e6,
            "p90": times[min(len(times) - 1, len(times) * 9 // 10)] / 1e6,
            "openAndFirst": (first - opened) * 1e3,
            "residentBytes": memory("VmHWM") - before,
            "cosine": cosine,
        }
    ),
    flush=True,
)
os._exit(0)
