"""Writes the golden cases of training: what PyTorch computes in ten steps on small networks.

    python training.py [--output DIR]

Each folder of Tests/GoldenTraining holds case.json (the parameters, the optimizer's constants, the loss of every step) and
float32 arrays: cut.npy [batch, H, W, C] or [batch, tokens, C], prototypes.npy [classes, dimension], and all parameters in the
order of case.json, one after the other: initial.npy, gradients.npy (of the first step), final.npy (after the last). Weights are
in the order of edgessl: convolution [outputs, height, width, inputs], depthwise [height, width, channels].

The loss is cross-entropy of 10 x cosine between embedding and fixed unit prototypes.

Needs torch and numpy.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

ROOT = Path(__file__).resolve().parents[2]
BATCH, HEIGHT, WIDTH, CHANNELS, CLASSES, STEPS, TEMPERATURE = 3, 9, 8, 4, 4, 10, 10.0
TOKENS, WIDE, HEADS = 7, 24, 3
OPTIMIZERS = {
    "sgd": {"learningRate": 0.01, "momentum": 0.9, "weightDecay": 0.0},
    "adam": {"learningRate": 0.003, "momentum": 0.9, "secondDecay": 0.999, "epsilon": 1e-8, "weightDecay": 0.02},
}


class SmallNetwork(nn.Module):
    """One of every part of a mobile encoder: GradientReplayTests builds the same."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(CHANNELS, 10, 3, padding=1)
        self.expand = nn.Conv2d(10, 20, 1)
        self.filter = nn.Conv2d(20, 20, 3, padding=1, groups=20)
        self.project = nn.Conv2d(20, 10, 1)
        self.reduce = nn.Conv2d(10, 10, 5, stride=2, padding=2, groups=10)
        self.grouped = nn.Conv2d(10, 18, 3, padding=1, groups=2)
        self.head = nn.Conv2d(18, 11, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu6(self.stem(x))
        y = F.relu6(self.filter(F.hardswish(self.expand(x))))
        x = x + self.project(y)
        x = F.hardswish(self.grouped(F.hardswish(self.reduce(x))))
        return self.head(x).mean((2, 3))


class SmallTransformer(nn.Module):
    """Two blocks of vit_tiny, narrower, with its final normalisation and class token."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.qkv, self.proj, self.norm2, self.fc1, self.fc2 = (
            nn.ModuleList(layers)
            for layers in zip(
                *(
                    (
                        nn.LayerNorm(WIDE, eps=1e-6),
                        nn.Linear(WIDE, 3 * WIDE),
                        nn.Linear(WIDE, WIDE),
                        nn.LayerNorm(WIDE, eps=1e-6),
                        nn.Linear(WIDE, 4 * WIDE),
                        nn.Linear(4 * WIDE, WIDE),
                    )
                    for _ in range(2)
                )
            )
        )
        self.norm = nn.LayerNorm(WIDE, eps=1e-6)

    def named_layers(self):
        """In the order of execution."""
        for block in range(2):
            for name in ["norm1", "qkv", "proj", "norm2", "fc1", "fc2"]:
                yield f"blocks.{block}.{name}", getattr(self, name)[block]
        yield "norm", self.norm

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, _ = x.shape
        for block in range(2):
            qkv = self.qkv[block](self.norm1[block](x)).view(batch, tokens, 3, HEADS, WIDE // HEADS)
            q, k, v = qkv.permute(2, 0, 3, 1, 4)
            mixed = ((q * (WIDE // HEADS) ** -0.5) @ k.transpose(2, 3)).softmax(3) @ v
            x = x + self.proj[block](mixed.transpose(1, 2).reshape(batch, tokens, WIDE))
            x = x + self.fc2[block](F.gelu(self.fc1[block](self.norm2[block](x))))
        return self.norm(x)[:, 0]


def ours(parameter: torch.Tensor) -> np.ndarray:
    """A parameter, or its gradient, in the order of edgessl."""
    values = parameter.detach()
    if values.dim() == 4:
        depthwise = values.shape[1] == 1
        values = values[:, 0].permute(1, 2, 0) if depthwise else values.permute(0, 2, 3, 1)
    return values.contiguous().numpy().astype("<f4")


def joined(parameters) -> np.ndarray:
    return np.concatenate([ours(parameter).ravel() for parameter in parameters])


def cnn_case():
    network = SmallNetwork()
    with torch.no_grad():
        for parameter in network.parameters():
            fan_in = parameter[0].numel() if parameter.dim() > 1 else 0
            parameter.uniform_(-1, 1).mul_((3 / fan_in) ** 0.5 if fan_in else 0.3)
    cut = torch.empty(BATCH, CHANNELS, HEIGHT, WIDTH).uniform_(-1, 1)
    return network, network.named_parameters(), cut, cut.permute(0, 2, 3, 1), network.head.out_channels


def transformer_case():
    network = SmallTransformer()
    named = [(f"{name}.{key}", parameter) for name, layer in network.named_layers() for key, parameter in layer.named_parameters()]
    with torch.no_grad():
        for name, parameter in named:
            # Scales of normalisation around 1.
            centre, size = (
                (1, 0.3)
                if "norm" in name and name.endswith("weight")
                else (0, (3 / parameter.shape[1]) ** 0.5 if parameter.dim() > 1 else 0.3)
            )
            parameter.uniform_(-size, size).add_(centre)
    cut = torch.empty(BATCH, TOKENS, WIDE).uniform_(-1, 1)
    return network, named, cut, cut, WIDE


def write_case(folder: Path, make, name: str, constants: dict) -> None:
    torch.manual_seed(6)
    network, named, cut, stored_cut, dimension = make()
    prototypes = F.normalize(torch.randn(CLASSES, dimension), dim=1)
    labels = torch.tensor([index % CLASSES for index in range(BATCH)])
    names, parameters = zip(*named)
    initial = joined(parameters)
    if name == "sgd":
        optimizer = torch.optim.SGD(parameters, lr=constants["learningRate"], momentum=constants["momentum"])
    else:
        # Biases do not decay.
        groups = [
            {"params": [p for p in parameters if p.dim() > 1], "weight_decay": constants["weightDecay"]},
            {"params": [p for p in parameters if p.dim() == 1], "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(
            groups, lr=constants["learningRate"], betas=(constants["momentum"], constants["secondDecay"]), eps=constants["epsilon"]
        )
    losses, gradients = [], None
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = F.cross_entropy(TEMPERATURE * F.normalize(network(cut), dim=1) @ prototypes.T, labels)
        loss.backward()
        if gradients is None:
            gradients = joined([parameter.grad for parameter in parameters])
        optimizer.step()
        losses.append(float(loss.detach()))
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        "cut": stored_cut.contiguous().numpy().astype("<f4"),
        "prototypes": prototypes.numpy().astype("<f4"),
        "initial": initial,
        "gradients": gradients,
        "final": joined(parameters),
    }
    for key, array in arrays.items():
        np.save(folder / f"{key}.npy", array)
    case = {
        "optimizer": name,
        **constants,
        "temperature": TEMPERATURE,
        "labels": labels.tolist(),
        "losses": losses,
        "parameters": [{"name": key, "shape": list(ours(p).shape)} for key, p in zip(names, parameters)],
        "torch": torch.__version__,
    }
    (folder / "case.json").write_text(json.dumps(case, indent=1) + "\n")
    print(f"{folder}: loss {losses[0]:.4f} to {losses[-1]:.4f}, {initial.size} parameters")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / "Tests" / "GoldenTraining")
    output = parser.parse_args().output
    torch.set_num_threads(1)
    for name, constants in OPTIMIZERS.items():
        write_case(output / f"small_cnn_{name}", cnn_case, name, constants)
        write_case(output / f"small_vit_{name}", transformer_case, name, constants)


if __name__ == "__main__":
    main()
