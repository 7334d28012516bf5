"""The encoders that pretrain.py trains, from random weights or from those of an ONNX file, and their way into one."""

import copy
import math
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import Tensor, nn

import export
import student

# Of every block kernel, hidden channels, channels and stride: MobileNetV2 0.35 (Sandler et al. 2018) and MCUNet-5fps (Lin et al.
# 2020, mit-han-lab/tiny-training), as the files in shared/data/encoders have them. Before them a convolution of 16 channels and
# stride 2, and a block without expansion to 8 channels.
BLOCKS = {
    "mobilenet_v2_035": "3,48,8,2 3,48,8,1 3,48,16,2 3,96,16,1 3,96,16,1 3,96,24,2 3,144,24,1 3,144,24,1 3,144,24,1 3,144,32,1 "
    "3,192,32,1 3,192,32,1 3,192,56,2 3,336,56,1 3,336,56,1 3,336,112,1",
    "mcunet": "3,32,16,2 3,48,16,1 7,48,24,2 3,120,24,1 3,120,40,2 7,160,40,1 5,160,48,1 3,144,48,1 3,192,48,1 7,240,96,2 "
    "5,384,96,1 5,384,96,1 3,576,160,1",
}
NAMES = (*BLOCKS, "resnet18", "vit_tiny", "timm:NAME")


class Encoder(nn.Module):
    """x [n, 3, h, w] in -1...1 -> embeddings [n, width], the mean over all places of `maps`.

    `stages` are the parts that halve the resolution, where the network has such.
    """

    width: int

    def __init__(self, stages: list[nn.Module]) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)

    def maps(self, x: Tensor) -> Tensor:
        """[n, width, h', w'], before the pooling."""
        return self.levels(x)[-1]

    def levels(self, x: Tensor) -> list[Tensor]:
        """The output of every stage; the last are the maps."""
        found = []
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return found

    @torch.no_grad()
    def level_widths(self) -> list[int]:
        """Channels of every stage's output."""
        training = self.training
        found = [y.shape[1] for y in self.eval().levels(torch.zeros(1, 3, 64, 64))]
        self.train(training)
        return found

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.adaptive_avg_pool2d(self.maps(x), 1).flatten(1)

    def to_onnx(self, side: int) -> bytes:
        """The file's content: input `x` [1, 3, side, side] in -1...1, output `features` [1, width]."""
        return traced(self, side)


class NormalizedConvolution(nn.Module):
    """A convolution of student.py with batch normalisation in place of its bias."""

    def __init__(self, folded: student.Convolution) -> None:
        super().__init__()
        self.weight = nn.Parameter(folded.weight.detach().clone())
        self.norm = nn.BatchNorm2d(len(self.weight))
        self.norm.bias.data.copy_(folded.bias)
        self.scale = folded.scale  # until `calibrate` has put it into the normalisation
        self.shape = {"stride": folded.stride, "groups": folded.groups, "clip": folded.clip, "pads": folded.pads}
        self.calibrating = False

    def forward(self, x: Tensor) -> Tensor:
        x, padding = student.graph.padded(x, self.shape["pads"])
        y = nn.functional.conv2d(x, self.weight, None, self.shape["stride"], padding, 1, self.shape["groups"])
        if self.calibrating:
            self.calibrate(y)
        y = self.norm(y)
        return nn.functional.relu6(y) if self.shape["clip"] else y

    @torch.no_grad()
    def calibrate(self, y: Tensor) -> None:
        """Gives the normalisation the statistics of `y` and the gain and shift that undo it: the network answers as before."""
        variance, mean = torch.var_mean(y, (0, 2, 3), correction=0)
        scale = self.scale.flatten()
        self.norm.running_mean.copy_(mean)
        self.norm.running_var.copy_(variance)
        self.norm.weight.copy_(scale * (variance + self.norm.eps).sqrt())
        self.norm.bias.add_(scale * mean)

    def folded(self) -> student.Convolution:
        gain = self.norm.weight / (self.norm.running_var + self.norm.eps).sqrt()
        weight, bias = self.weight * gain[:, None, None, None], self.norm.bias - self.norm.running_mean * gain
        return student.Convolution(weight.detach(), bias.detach(), **self.shape)


class NormalizedBlock(nn.Module):
    """student.Block of normalised convolutions."""

    def __init__(self, folded: student.Block) -> None:
        super().__init__()
        self.layers, self.residual = nn.Sequential(*map(NormalizedConvolution, folded.layers)), folded.residual

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.residual else self.layers(x)


class InvertedResiduals(Encoder):
    """MobileNetV2's kind of network, with batch normalisation while it learns; folded into convolutions in the ONNX file."""

    def __init__(self, folded: student.Encoder) -> None:
        blocks = [NormalizedBlock(b) for b in folded.body]
        last = NormalizedConvolution(folded.map)
        starts = [i for i, b in enumerate(blocks) if any(c.shape["stride"] == 2 for c in b.layers)][2:]
        bounds = [0, *starts, len(blocks)]
        stages = [blocks[a:b] for a, b in zip(bounds, bounds[1:], strict=False)]
        stages[-1] = [*stages[-1], last]
        super().__init__([nn.Sequential(*stage) for stage in stages])
        self.width = folded.width

    @torch.no_grad()
    def calibrate(self, x: Tensor) -> None:
        """Finds the statistics of every layer on the photos x [n, 3, h, w]; outputs stay what they were."""
        layers = [m for m in self.modules() if isinstance(m, NormalizedConvolution)]
        training = self.training
        self.eval()
        for layer in layers:
            layer.calibrating = True
        self(x)
        for layer in layers:
            layer.calibrating = False
        self.train(training)

    def reset(self) -> None:
        """Random weights (He et al. 2015, by the number of outputs)."""
        for layer in self.modules():
            if isinstance(layer, NormalizedConvolution):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
                layer.norm.reset_parameters()

    def folded(self) -> student.Encoder:
        modules = [m for stage in self.stages for m in stage]
        blocks = [student.Block([c.folded() for c in b.layers], b.residual) for b in modules[:-1]]
        network = student.Encoder(blocks, self.width)
        network.map = modules[-1].folded()
        return network.eval()

    def to_onnx(self, side: int) -> bytes:
        return export.to_onnx(self.folded(), side).SerializeToString()


class Timm(Encoder):
    """A network of timm with random weights; a transformer's tokens of places are its maps."""

    def __init__(self, name: str, side: int) -> None:
        import timm

        super().__init__([])
        if name not in timm.list_models(name):
            raise SystemExit(f"timm:{name}: timm has no such network; timm.list_models() names them")
        self.make = lambda **more: timm.create_model(name, num_classes=0, **more)
        self.transformer = name.startswith(("vit_", "deit_"))
        try:
            self.net = self.make(img_size=side, dynamic_img_size=True) if self.transformer else self.make()
            self.width = self.net.num_features
            with torch.no_grad():
                fits = self.eval().maps(torch.zeros(1, 3, side, side)).shape[1] == self.width
            self.train()
        except Exception as error:
            raise SystemExit(f"timm:{name}: does not take photos of {side} x {side} pixels ({error})") from error
        if not fits:
            raise SystemExit(f"timm:{name}: its maps have their channels last, which is not provided for; choose another network")

    def maps(self, x: Tensor) -> Tensor:
        y = self.net.forward_features(x)
        if y.ndim == 3:
            y = y[:, self.net.num_prefix_tokens :].transpose(1, 2)
            return y.unflatten(2, (math.isqrt(y.shape[2]), -1))
        return y

    def to_onnx(self, side: int) -> bytes:
        fixed = copy.copy(self)
        if self.transformer:
            fixed._modules = {"net": self.make(img_size=side)}
            fixed.net.load_state_dict(self.net.state_dict())
        return traced(fixed, side)


def resnet18() -> Encoder:
    from torchvision.models import resnet18

    net = resnet18()
    stem = nn.Sequential(net.conv1, net.bn1, net.relu, net.maxpool, net.layer1)
    encoder = Encoder([stem, net.layer2, net.layer3, net.layer4])
    encoder.width = 512
    return encoder


def traced(encoder: Encoder, side: int) -> bytes:
    """By torch.onnx; weights keep their names, so that --init finds them."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that sizes are taken as constants, which they are
        path = Path(folder) / "encoder.onnx"
        torch.onnx.export(
            encoder.eval(),
            (torch.zeros(1, 3, side, side),),
            str(path),
            input_names=["x"],
            output_names=["features"],
            opset_version=17,
            dynamo=False,
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
        )
        return path.read_bytes()


def random_blocks(name: str) -> student.Encoder:
    """The architecture, its weights not yet drawn."""

    def convolution(out: int, inputs: int, k: int, stride: int, groups: int, clip: bool) -> student.Convolution:
        return student.Convolution(torch.ones(out, inputs // groups, k, k), torch.zeros(out), stride, groups, clip)

    blocks = [
        student.Block([convolution(16, 3, 3, 2, 1, True)], False),
        student.Block([convolution(16, 16, 3, 1, 16, True), convolution(8, 16, 1, 1, 1, False)], False),
    ]
    inputs = 8
    for row in BLOCKS[name].split():
        k, hidden, out, stride = map(int, row.split(","))
        layers = [convolution(hidden, inputs, 1, 1, 1, True), convolution(hidden, hidden, k, stride, hidden, True)]
        blocks.append(student.Block([*layers, convolution(out, hidden, 1, 1, 1, False)], stride == 1 and out == inputs))
        inputs = out
    blocks[-1].layers = blocks[-1].layers[:-1]
    return student.Encoder(blocks, inputs)


def shapes(network: nn.Module) -> list[tuple[int, ...]]:
    return [tuple(m.weight.shape) for m in network.modules() if isinstance(m, student.Convolution)]


def make(name: str, side: int, init: Path | None, photos: Tensor) -> Encoder:
    """The encoder `name`; weights of `init` where it is named. `photos` [n, 3, side, side] are what its statistics are taken of."""
    if init and not init.exists():
        raise SystemExit(f"{init}: no such file for --init")
    if name in BLOCKS:
        return make_blocks(name, init, photos)
    if name == "resnet18":
        encoder = resnet18()
    elif name == "vit_tiny":
        encoder = Timm("vit_tiny_patch16_224", side)
    elif name.startswith("timm:"):
        encoder = Timm(name.removeprefix("timm:"), side)
    else:
        raise SystemExit(f"--encoder {name}: not one of {', '.join(NAMES)}")
    if init:
        take(encoder, init, name, side)
    return encoder


def make_blocks(name: str, init: Path | None, photos: Tensor) -> InvertedResiduals:
    wanted = random_blocks(name)
    if not init:
        encoder = InvertedResiduals(wanted)
        encoder.reset()
        return encoder
    try:
        found = student.read(init)
        same = shapes(found) == shapes(wanted)
    except Exception as error:
        raise SystemExit(f"{init}: not readable as an ONNX network of convolutions for --init ({error})") from error
    if not same:
        raise SystemExit(f"{init}: its layers are not {name}'s; name the --encoder that it is, or leave --init out")
    encoder = InvertedResiduals(found)
    encoder.calibrate(photos)
    return encoder


def take(encoder: Encoder, init: Path, name: str, side: int) -> None:
    """Weights by their names, as `traced` wrote them; all that the file of this encoder would have."""
    try:
        found = weights(onnx.load(init))
    except Exception as error:
        raise SystemExit(f"{init}: not readable as an ONNX file for --init ({error})") from error
    own = encoder.state_dict()
    needed = weights(onnx.load_from_string(copy.deepcopy(encoder).to_onnx(side))).keys() & own.keys()
    for key in sorted(needed):
        if key not in found or found[key].shape != own[key].shape:
            raise SystemExit(f"{init}: no {key} of shape {list(own[key].shape)}: not a file that pretrain.py wrote of {name}")
    encoder.load_state_dict({key: found[key] for key in needed}, strict=False)


def weights(model: onnx.ModelProto) -> dict[str, Tensor]:
    return {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in model.graph.initializer}


def write(encoder: Encoder, side: int, path: Path) -> float:
    """Writes the ONNX file whole or not at all; returns the largest difference from PyTorch, as a share of the largest value."""
    encoder = copy.deepcopy(encoder).cpu().eval()
    content = encoder.to_onnx(side)
    x = torch.rand(4, 3, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        want = encoder(x).numpy()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    got = np.concatenate([session.run(["features"], {"x": photo[None].numpy()})[0] for photo in x])
    difference = float(np.abs(got - want).max() / np.abs(want).max())
    if not difference < 1e-4:
        raise SystemExit(f"{path}: ONNX Runtime differs from PyTorch by {difference:.1e} of the largest value")
    path.with_suffix(".part").write_bytes(content)
    path.with_suffix(".part").replace(path)
    return difference
