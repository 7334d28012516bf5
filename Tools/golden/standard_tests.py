"""Puts the ONNX standard's own backend tests through `edgessl import` and `edgessl run`.

    python standard_tests.py --edgessl .build/release/edgessl [--write ../../Documentation/operators.md] [NAME...]

The tests are those of the onnx package: one node each (onnx.backend.test.case.node), pytorch-operator, pytorch-converted,
simple and light. Integer and boolean inputs become constants of the model, because they are shapes, axes and masks; where an
operand must be known at import (weights), the other inputs become constants too. Every test passes within its own tolerance, is
refused with one line, or lies outside of what the runtime claims to hold (types other than float32, other domains). Anything
else is a failure: a wrong number, a crash, no answer within five minutes. The exit status is 1 if there is one."""

import argparse
import collections
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.backend.test.loader import load_model_tests

DATA = Path(onnx.__file__).parent / "backend" / "test" / "data"
MARKERS = ("<!-- standard tests: begin -->", "<!-- standard tests: end -->")
TIMEOUT = 300

# What a refusal is about, by its message: the first that fits.
REASONS = [
    ("operator without a translation", r"operators? (is|are) not supported|only supported on constants"),
    (
        "an operand that must be known at import",
        r"must be a constant|does not depend on the values of any input|these constant inputs",
    ),
    ("an empty tensor", r"is open|a tensor of shape \[.*\b0\b|an empty part|of shape \[.*\b0\b.*\] do not fit|has the shape"),
    ("more than six dimensions", r"at most 6 are supported"),
    (
        "three spatial dimensions",
        r"\[N, C, H, W\] and \[N, C, L\] are supported|do not fit an input of shape \[\d+, \d+, \d+, \d+, \d+\]",
    ),
    ("an output that is not used at inference", r"its output \d+ is used|the indices of the maxima|training_mode"),
]


class Case:
    def __init__(self, group, name, model, data_sets, rtol, atol):
        self.group, self.name, self.model, self.data_sets, self.rtol, self.atol = group, name, model, data_sets, rtol, atol


def array(value):
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    return value


def node_cases():
    import contextlib
    import io

    from onnx.backend.test.case.node import collect_testcases

    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        tests = collect_testcases()
    for test in tests:
        yield Case("node", test.name, test.model, test.data_sets, test.rtol, test.atol)


def stored_values(folder, prefix):
    count = len(list(folder.glob(f"{prefix}_*.pb")))
    return [numpy_helper.to_array(onnx.load_tensor(folder / f"{prefix}_{i}.pb")) for i in range(count)]


def stored_cases(kind):
    for test in load_model_tests(str(DATA), kind):
        folder = Path(test.model_dir)
        model = onnx.load(folder / "model.onnx")
        sets = []
        for data in sorted(folder.glob("test_data_set_*")):
            try:
                sets.append((stored_values(data, "input"), stored_values(data, "output")))
            except Exception:  # sequences and optional values are no tensors
                sets.append((None, None))
        yield Case(kind, test.name, model, sets, test.rtol, test.atol)


def light_cases():
    for path in sorted((DATA / "light").glob("light_*.onnx")):
        model = onnx.load(path)
        stored = {tensor.name for tensor in model.graph.initializer}
        value = next(v for v in model.graph.input if v.name not in stored)
        shape = [d.dim_value or 1 for d in value.type.tensor_type.shape.dim]
        count = int(np.prod(shape))
        x = (np.arange(count).reshape(shape) / count).astype(np.float32)
        expected = onnx.load_tensor(str(path).replace(".onnx", "_output_0.pb"))
        yield Case("light", path.stem, model, [([x], [numpy_helper.to_array(expected)])], 1e-3, 1e-7)


def outside(case):
    """Why a test lies outside of what is claimed, or None."""
    for entry in case.model.opset_import:
        if entry.domain not in ("", "ai.onnx") and any(n.domain == entry.domain for n in case.model.graph.node):
            return f"domain {entry.domain}"
    inputs, outputs = case.data_sets[0]
    if inputs is None:
        return "sequences, optional values"
    for value in [*case.model.graph.input, *case.model.graph.output]:
        if value.type.WhichOneof("value") != "tensor_type":
            return "sequences, optional values"
    for value in case.model.graph.output:
        if value.type.tensor_type.elem_type != TensorProto.FLOAT:
            return f"output of type {TensorProto.DataType.Name(value.type.tensor_type.elem_type).lower()}"
    floats = 0
    for value in case.model.graph.input:
        kind = TensorProto.DataType.Name(value.type.tensor_type.elem_type)
        if kind == "FLOAT":
            floats += 1
        elif not kind.startswith(("INT", "UINT", "BOOL")) or kind in ("INT4", "UINT4", "INT2", "UINT2"):
            return f"input of type {kind.lower()}"
    if not floats:
        return "no float32 input"
    return None


def with_constants(case, inputs, baked):
    """The model with the inputs in `baked` as initializers, and the inputs that are left."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    stored = {t.name for t in model.graph.initializer}
    fed = [v for v in model.graph.input if v.name not in stored]
    values = {v.name: array(x) for v, x in zip(fed, inputs)}
    kept = [v for v in model.graph.input if v.name not in baked]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    for name in baked:
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(values[name]), name))
    return model, {name: value for name, value in values.items() if name not in baked}


def command(arguments):
    try:
        return subprocess.run([str(a) for a in arguments], capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return None


def attempt(edgessl, case, baked, folder):
    """('passed' | 'refused' | 'failed', detail)"""
    for inputs, outputs in case.data_sets:
        model, fed = with_constants(case, inputs, baked)
        names = [o.name for o in model.graph.output]
        onnx.save(model, folder / "model.onnx")
        result = command([edgessl, "import", folder / "model.onnx", "-o", folder / "m.tnn", "--all-outputs"])
        if result is None:
            return "failed", "import does not end"
        if result.returncode in (64, 65) and len(result.stderr.strip().splitlines()) == 1:
            return "refused", result.stderr.strip().split("model.onnx: ", 1)[-1]
        if result.returncode != 0:
            return "failed", f"import exits with {result.returncode}: {result.stderr.strip()[:300]}"
        arguments = [edgessl, "run", folder / "m.tnn"]
        for index, (name, value) in enumerate(fed.items()):
            np.save(folder / f"x{index}.npy", np.asarray(value, order="C"))
            arguments += ["--input", f"{name}={folder / f'x{index}.npy'}"]
        for index, name in enumerate(names):
            arguments += ["--output", f"{name}={folder / f'y{index}.npy'}"]
        result = command(arguments)
        if result is None:
            return "failed", "run does not end"
        if result.returncode != 0:
            return "failed", f"run exits with {result.returncode}: {result.stderr.strip()[:300]}"
        for index, expected in enumerate(outputs):
            actual, expected = np.load(folder / f"y{index}.npy"), np.asarray(array(expected))
            try:
                np.testing.assert_equal(actual.shape, expected.shape)
                np.testing.assert_allclose(actual, expected, rtol=case.rtol, atol=case.atol)
            except AssertionError as error:
                return "failed", f"output {names[index]}: " + " ".join(str(error).split())[:300]
    return "passed", ""


def judge(edgessl, case, folder):
    reason = outside(case)
    if reason:
        return "outside", reason
    stored = {t.name for t in case.model.graph.initializer}
    values = [v for v in case.model.graph.input if v.name not in stored]
    integers = [v.name for v in values if v.type.tensor_type.elem_type != TensorProto.FLOAT]
    floats = [v.name for v in values if v.type.tensor_type.elem_type == TensorProto.FLOAT]
    outcome = attempt(edgessl, case, integers, folder)
    if outcome[0] == "refused" and len(floats) > 1:
        again = attempt(edgessl, case, integers + floats[1:], folder)
        if again[0] != "refused":
            return again
    return outcome


def reason(message):
    for name, pattern in REASONS:
        if re.search(pattern, message):
            return name
    return "an attribute or mode that is not supported"


def report(results):
    groups = collections.defaultdict(collections.Counter)
    refusals, outsides = collections.Counter(), collections.Counter()
    for (group, _), (verdict, detail) in results.items():
        groups[group][verdict] += 1
        if verdict == "refused":
            refusals[reason(detail)] += 1
        if verdict == "outside":
            outsides[detail] += 1
    lines = [
        f"Of onnx {onnx.__version__}, by `Tools/golden/standard_tests.py`:",
        "",
        "| set | tests | passed | refused | outside | failed |",
        "|---|---|---|---|---|---|",
    ]
    for group, counts in groups.items():
        lines.append(
            f"| {group} | {sum(counts.values())} | "
            + " | ".join(str(counts[v]) for v in ("passed", "refused", "outside", "failed"))
            + " |"
        )
    lines += [
        "",
        "| refused because of | tests |",
        "|---|---|",
        *(f"| {name} | {count} |" for name, count in refusals.most_common()),
    ]
    others = sum(outsides.values())
    common = "; ".join(f"{name} {count}" for name, count in outsides.most_common(8))
    lines += ["", f"Outside of what is claimed ({others}): {common}; and others." if others else ""]
    return "\n".join(lines).rstrip() + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgessl", type=Path, default=Path(".build/release/edgessl"))
    parser.add_argument("--write", type=Path, help="put the counts between the markers of this page")
    parser.add_argument("--json", type=Path, help="write every verdict")
    parser.add_argument("--sets", default="node,pytorch-operator,pytorch-converted,simple,light")
    parser.add_argument("names", nargs="*", help="parts of the names of tests; all without")
    arguments = parser.parse_args()
    edgessl = arguments.edgessl.resolve()
    results = {}
    with tempfile.TemporaryDirectory() as work:
        for group in arguments.sets.split(","):
            cases = node_cases() if group == "node" else light_cases() if group == "light" else stored_cases(group)
            for case in cases:
                if arguments.names and not any(part in case.name for part in arguments.names):
                    continue
                verdict = judge(edgessl, case, Path(work))
                results[(group, case.name)] = verdict
                if verdict[0] == "failed":
                    print(f"{group} {case.name}: {verdict[1]}", flush=True)
    text = report(results)
    print(text)
    if arguments.json:
        arguments.json.write_text(json.dumps({f"{g}/{n}": v for (g, n), v in results.items()}, indent=1))
    if arguments.write:
        page = arguments.write.read_text()
        head, rest = page.split(MARKERS[0])
        tail = rest.split(MARKERS[1])[1]
        arguments.write.write_text(f"{head}{MARKERS[0]}\n{text}{MARKERS[1]}{tail}")
    sys.exit(1 if any(verdict == "failed" for verdict, _ in results.values()) else 0)


if __name__ == "__main__":
    main()
