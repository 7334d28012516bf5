"""The command: what it says of bad input, resumption to the bit, encoders from ONNX files, several processes."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

import encoders

TOOL = Path(__file__).resolve().parents[1] / "pretrain.py"


def call(*words: object, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run([sys.executable, *before, str(TOOL), *map(str, words)], capture_output=True, text=True, env=environment)


def tensors(out: Path) -> dict[str, torch.Tensor]:
    return torch.load(out / "checkpoint.pt", weights_only=True)["method"]


@pytest.mark.parametrize("name", ["byol", "npid", "deepcluster"])
def test_a_resumed_run_ends_in_the_same_bits(name: str, archive: Path, tmp_path: Path) -> None:
    """BYOL has a slow copy, NPID a bank, DeepCluster labels anew before step 4, after the resumption."""
    words = (name, "--data", archive, "--limit", 64, "--batch", 16, "--side", 64)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert (done := call(*words, "--steps", 7, "--out", whole)).returncode == 0, done.stderr
    # Three steps of seven: stopped by the clock of a checkpoint at every step.
    interrupted = (*words, "--steps", 7, "--save-every", 0, "--out", parts)
    assert (done := call(*interrupted, before=("-c", STOP_AFTER_THREE))).returncode == 9, done.stderr
    assert torch.load(parts / "checkpoint.pt", weights_only=True)["step"] == 3
    assert (done := call(*interrupted)).returncode == 0, done.stderr
    assert "resumed at step 3" in done.stdout
    for key, value in tensors(whole).items():
        assert torch.equal(value, tensors(parts)[key]), f"{name}: {key} differs"
    assert (whole / "encoder.onnx").read_bytes() == (parts / "encoder.onnx").read_bytes()


STOP_AFTER_THREE = """
import os, runpy, sys
sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
import runner
save = runner.Run.save
def stopping(run):
    save(run)
    if run.step == 3:
        os._exit(9)
runner.Run.save = stopping
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_bad_input_is_one_line(archive: Path, published: Path, tmp_path: Path) -> None:
    empty, damaged = tmp_path / "empty", tmp_path / "damaged"
    empty.mkdir()
    damaged.mkdir()
    (damaged / "a.jpg").write_bytes(b"no photo")
    out = tmp_path / "out"
    for words, part in (
        (("simclrr", "--data", archive), "did you mean simclr; there are rotation, "),
        (("simclr", "--data", empty), "no photos"),
        (("simclr", "--data", damaged), "not readable"),
        (("simclr", "--data", tmp_path / "nowhere"), "no such folder or zip"),
        (("simclr", "--data", published), "neither a folder nor a zip"),
        (("simclr", "--data", archive, "--limit", 20), "20 photos are fewer than a batch of 64"),
        (("simclr", "--data", archive, "--limit", 40, "--batch", 8), "--batch 8: simclr needs at least 32"),
        (("distillation", "--data", archive, "--limit", 64), "--teacher is missing"),
        (("dim", "--data", archive, "--limit", 64, "--encoder", "vit_tiny"), "needs an encoder in stages"),
        (("byol", "--data", archive, "--limit", 64, "--encoder", "vgg"), "--encoder vgg: not one of"),
        (("byol", "--data", archive, "--limit", 64, "--encoder", "mcunet", "--init", published), "its layers are not mcunet's"),
    ):
        done = call(*words, "--out", out, "--steps", 1)
        lines = done.stderr.strip().splitlines()
        assert done.returncode == 1 and len(lines) == 1 and part in lines[0], f"{words}: {done.stderr}"
    assert not (out / "checkpoint.pt").exists() and not (out / "encoder.onnx").exists()


def test_a_checkpoint_of_another_method_is_refused(archive: Path, tmp_path: Path) -> None:
    words = ("--data", archive, "--limit", 32, "--batch", 16, "--side", 64, "--steps", 1, "--out", tmp_path)
    assert (done := call("rotation", *words)).returncode == 0, done.stderr
    assert f"edgessl import {tmp_path / 'encoder.onnx'} -o {tmp_path / 'encoder.tnn'} --mean 127.5 --std 127.5" in done.stdout
    done = call("byol", *words)
    assert done.returncode == 1 and "method rotation where this one has byol" in done.stderr
    (tmp_path / "checkpoint.pt").write_bytes(b"half a file")
    done = call("rotation", *words)
    assert done.returncode == 1 and "not readable as a checkpoint" in done.stderr and len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("file, name", [("mobilenet_v2_0.35_128", "mobilenet_v2_035"), ("mcunet_5fps", "mcunet")])
def test_init_answers_as_its_file(file: str, name: str, published: Path, tmp_path: Path) -> None:
    path = published.with_name(f"{file}.onnx")
    x = torch.rand(40, 3, 96, 96, generator=torch.Generator().manual_seed(0)) * 2 - 1
    encoder = encoders.make(name, 96, path, x)
    session = onnxruntime.InferenceSession(path)
    want = np.concatenate([session.run(["features"], {"x": v[None].numpy()})[0].reshape(1, -1) for v in x[:4]])
    with torch.no_grad():
        got = encoder.eval()(x[:4]).numpy()
    assert np.abs(got - want).max() < 1e-4 * np.abs(want).max()
    encoders.write(encoder, 96, tmp_path / "encoder.onnx")
    again = encoders.make(name, 96, tmp_path / "encoder.onnx", x)
    with torch.no_grad():
        assert np.abs(again.eval()(x[:4]).numpy() - want).max() < 1e-4 * np.abs(want).max()


@pytest.mark.parametrize("name", ["resnet18", "vit_tiny"])
def test_init_takes_back_what_was_written(name: str, tmp_path: Path) -> None:
    x = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    torch.manual_seed(0)
    encoder = encoders.make(name, 64, None, x)
    encoders.write(encoder, 64, tmp_path / "encoder.onnx")
    torch.manual_seed(1)
    again = encoders.make(name, 64, tmp_path / "encoder.onnx", x)
    with torch.no_grad():
        assert torch.allclose(again.eval()(x), encoder.eval()(x), atol=1e-6)


def test_two_processes_keep_one_state(archive: Path, tmp_path: Path) -> None:
    """NPID's bank takes the rows of both processes."""
    words = ("npid", "--data", archive, "--limit", 32, "--batch", 32, "--side", 64, "--steps", 2, "--out", tmp_path)
    torchrun = ("-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", "29511")
    assert (done := call(*words, before=torchrun)).returncode == 0, done.stderr[-2000:]
    assert (tmp_path / "encoder.onnx").exists() and done.stdout.count("begins at step 0") == 1
