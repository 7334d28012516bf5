"""Every method of the list: on 200 photos and in 20 steps the loss falls, embeddings do not collapse, and the ONNX file agrees."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

import encoders
import folder
import methods
import student
from augment import resized
from methods.method import Setting
from pretrain import drawn_labels
from runner import Budget, Course, Run

PHOTOS, STEPS, SIDE, SEED = 200, 20, 64, 0
# After so many steps a second phase begins, with a loss of its own.
FIRST_PHASE = {"scan": 13, "noisy-student": 6}
# Their targets are found anew before every pass, and the loss begins again: one pass is 20 steps.
RELABELLING = {"deepcluster", "sela", "pcl", "and", "local-aggregation"}


# One of 64 orders is told by nothing in 20 steps; the others' targets move at first, or are found anew before every pass.
LONGER = dict.fromkeys(("jigsaw", "dino", "sela", "swav", "local-aggregation", "and"), 120)


@dataclass
class Smoke:
    photos: folder.Photos
    published: Path
    calibration: torch.Tensor

    def run(self, name: str, out: Path, steps: int = STEPS) -> Run:
        kind = methods.find(name)
        batch = PHOTOS // STEPS if name in RELABELLING else max(16, kind.smallest)
        torch.manual_seed(SEED)
        encoder = encoders.make("mobilenet_v2_035", SIDE, self.published, self.calibration)
        labels = drawn_labels(self.photos, 10, SEED) if kind.labelled else torch.full((PHOTOS,), -1)
        teacher = self.published if kind.taught else None
        setting = Setting(PHOTOS, SIDE, batch, SEED, 1, labels if kind.labelled else None, teacher)
        course = Course(out, Budget(steps, None), batch, SIDE, SEED, 1e-3, "adamw", 1e-4, 1e9, 1000, {"method": name})
        return Run(kind(encoder, setting), self.photos, labels, course)


@pytest.fixture(scope="session")
def smoke(archive: Path, published: Path, tmp_path_factory: pytest.TempPathFactory) -> Smoke:
    photos = folder.read([archive], 4 * SIDE // 3, tmp_path_factory.mktemp("photos"), PHOTOS, SEED)
    return Smoke(photos, published, resized(student.normalized(photos.pixels), SIDE))


@pytest.mark.parametrize("name", methods.METHODS)
def test_learns_and_exports(name: str, smoke: Smoke, tmp_path: Path) -> None:
    run = smoke.run(name, tmp_path, LONGER.get(name, STEPS))
    losses: list[float] = []
    learn = run.learn
    run.learn = lambda progress: losses.append(learn(progress)) or losses[-1]
    run.train()
    compared = losses[: FIRST_PHASE.get(name, LONGER.get(name, STEPS))]
    quarter = max(2, len(compared) // 4)
    first, last = np.mean(compared[:quarter]), np.mean(compared[-quarter:])
    assert last < first, f"{name}, seed {SEED}: the loss went from {first:.4f} to {last:.4f}: {np.round(losses, 4).tolist()}"
    found = run.settle()
    assert not found.collapsed, f"{name}: {found}"
    assert encoders.write(run.method.encoder, SIDE, tmp_path / "encoder.onnx") < 1e-4


@pytest.mark.parametrize("name", methods.METHODS)
def test_states_what_it_needs(name: str) -> None:
    kind = methods.find(name)
    assert kind.source and kind.batch >= kind.smallest >= 4 and kind.least >= kind.batch
    assert len(Path(str(__import__(kind.__module__, fromlist=["x"]).__file__)).read_text().splitlines()) <= 120


@pytest.mark.parametrize("name", ["mobilenet_v2_035", "mcunet", "resnet18", "vit_tiny", "timm:mobilenetv3_small_050"])
def test_edgessl_answers_as_pytorch(name: str, command: Path, smoke: Smoke, tmp_path: Path) -> None:
    torch.manual_seed(SEED)
    encoder = encoders.make(name, SIDE, None, smoke.calibration)
    with torch.no_grad():
        for part in smoke.calibration.split(50):
            encoder.train()(part)
    encoders.write(encoder, SIDE, tmp_path / "encoder.onnx")
    x = smoke.calibration[:1].contiguous()
    np.save(tmp_path / "x.npy", x.numpy())
    model, y = tmp_path / "encoder.tnn", tmp_path / "y.npy"
    imported = [command, "import", tmp_path / "encoder.onnx", "-o", model, "--mean", "127.5", "--std", "127.5"]
    for words in (imported, [command, "run", model, "--input", tmp_path / "x.npy", "--output", y]):
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    with torch.no_grad():
        want = encoder.eval()(x).numpy()
    difference = np.abs(np.load(y).reshape(want.shape) - want).max() / np.abs(want).max()
    assert difference < 1e-4, f"{name}: edgessl differs by {difference:.1e} of the largest value"
