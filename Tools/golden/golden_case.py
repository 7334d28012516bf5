"""The folder of one golden case: model.onnx, its inputs and ONNX Runtime's outputs as .npy, and case.json.

case.json:
  model      where the model is, if not in the folder: a path relative to EDGESSL_DATA, or an absolute one
  input      tensor name -> .npy file, NCHW float32 as in the ONNX, or the arguments of `uniform`, which tests repeat
  output     graph output name -> .npy file
  embedding  {"name": tensor before the final classifier, "file": .npy}; only where the model has a classifier
  tolerance  largest allowed |difference| / largest |output|
"""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

TOLERANCE = 1e-4


def uniform(seed: int, shape: list, low: float, high: float) -> np.ndarray:
    """SplitMix64 from `seed`, 24 bits a value: low + (high - low) * bits / 2^24 in float32. Tests compute the same."""
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    bits = (z >> np.uint64(40)).astype(np.float32) * np.float32(2**-24)
    return (np.float32(low) + (np.float32(high) - np.float32(low)) * bits).astype(np.float32).reshape(shape)


def run_reference(model: onnx.ModelProto, inputs: dict, tensors: list) -> list:
    """Values of `tensors`, which may be intermediate, computed by ONNX Runtime with every graph optimisation off."""
    exposed = onnx.ModelProto()
    exposed.CopyFrom(model)
    present = {output.name for output in exposed.graph.output}
    for name in tensors:
        if name not in present:
            exposed.graph.output.append(onnx.ValueInfoProto(name=name))
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(exposed.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(tensors, inputs)


def write_case(
    folder: Path,
    model: onnx.ModelProto,
    inputs: dict,
    embedding: str | None = None,
    outputs: list | None = None,
    copy_model: bool = True,
    model_path: str | None = None,
    input_arguments: dict | None = None,
    tolerance: float = TOLERANCE,
) -> dict:
    """Writes the folder and returns the reference values by tensor name.

    With `model_path` the case refers to a model that lies elsewhere instead of holding a copy; with `input_arguments`
    (tensor name to the arguments of `uniform`) it says how the inputs are made instead of holding them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    outputs = outputs or [output.name for output in model.graph.output]
    wanted = outputs + ([embedding] if embedding and embedding not in outputs else [])
    values = dict(zip(wanted, run_reference(model, inputs, wanted)))
    for name, value in values.items():
        if not np.isfinite(value).all():
            raise ValueError(f"{folder.name}: {name} is not finite")
        if not np.abs(value).max() > 1e-6:
            raise ValueError(f"{folder.name}: {name} is all zero, so a test of it could not fail")

    def save(kind: str, name: str, index: int, value: np.ndarray) -> str:
        file = f"{kind}.npy" if index == 0 else f"{kind}{index + 1}.npy"
        np.save(folder / file, np.ascontiguousarray(value, dtype=np.float32))
        return file

    case = {
        "input": input_arguments or {name: save("input", name, i, value) for i, (name, value) in enumerate(inputs.items())},
        "output": {name: save("output", name, i, values[name]) for i, name in enumerate(outputs)},
        "tolerance": tolerance,
    }
    if embedding:
        file = case["output"].get(embedding) or save("embedding", embedding, 0, values[embedding])
        case["embedding"] = {"name": embedding, "file": file}
    if model_path is not None:
        case["model"] = model_path
    elif copy_model:
        (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "case.json").write_text(json.dumps(case, indent=2) + "\n")
    return values
