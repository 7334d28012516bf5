"""Exports an encoder to ONNX and prints the `edgessl import` command with its preprocessing.

    python export.py timm mobilenetv3_small_100 -o encoder.onnx
    python export.py torchvision resnet18 -o encoder.onnx
    python export.py checkpoint resnet50 --weights dino_resnet50_pretrain.pth -o encoder.onnx
    python export.py checkpoint vit_small_patch16_224 --weights checkpoint.pth --prefix teacher.backbone. -o encoder.onnx

`timm` and `torchvision` download pretrained weights on this machine; timm has supervised and self-supervised ones (for example
vit_small_patch14_dinov2.lvd142m). `checkpoint` takes the backbone out of a checkpoint of DINO, DINOv2, MoCo, SimCLR, BYOL or
SwAV (their own repositories and lightly) for a timm architecture. The classifier is left out: the output is the pooled
embedding. What was written is compared with PyTorch by ONNX Runtime. --random-weights needs no download and is for tests."""

import argparse
import sys

import numpy as np
import torch

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
# How the keys of the encoder begin, the first that fits: MoCo, DINO (student and teacher), BYOL and SimCLR of lightly, SwAV, plain.
PREFIXES = (
    "module.encoder_q.",
    "teacher.backbone.",
    "student.backbone.",
    "teacher.",
    "student.module.backbone.",
    "encoder_q.",
    "module.base_encoder.",
    "base_encoder.",
    "model.backbone.",
    "backbone.",
    "online_encoder.encoder.",
    "online_network.",
    "encoder.",
    "module.",
    "",
)


def from_timm(name, pretrained):
    import timm

    network = timm.create_model(name, pretrained=pretrained, num_classes=0)
    found = timm.data.resolve_model_data_config(network)
    return network, found["input_size"][1], found["mean"], found["std"], found["crop_pct"]


def from_torchvision(name, pretrained):
    import torchvision

    network = torchvision.models.get_model(name, weights="DEFAULT" if pretrained else None)
    for attribute in ("fc", "classifier", "head", "heads"):
        if hasattr(network, attribute):
            setattr(network, attribute, torch.nn.Identity())
            break
    size, crop, (mean, std) = 224, 224 / 256, IMAGENET
    if pretrained:
        preset = torchvision.models.get_model_weights(name).DEFAULT.transforms()
        size, crop = preset.crop_size[0], preset.crop_size[0] / preset.resize_size[0]
        mean, std = preset.mean, preset.std
    return network, size, mean, std, crop


def load_backbone(network, path, prefix):
    state = torch.load(path, map_location="cpu", weights_only=True)
    for key in ("state_dict", "model", "teacher", "student"):
        if isinstance(state.get(key), dict):
            state = state[key]
    own = set(network.state_dict())
    for start in [prefix] if prefix is not None else PREFIXES:
        stripped = {key[len(start) :]: value for key, value in state.items() if key.startswith(start)}
        if len(own & set(stripped)) > len(own) * 0.9:
            break
    else:
        sys.exit(f"{path}: no key prefix fits the architecture; its keys begin like {sorted(state)[:3]}; give --prefix")
    missing, _ = network.load_state_dict({key: value for key, value in stripped.items() if key in own}, strict=False)
    print(f"weights: keys that begin with '{start}', {len(own) - len(missing)} of {len(own)} tensors; missing: {missing[:5]}")
    if any("num_batches_tracked" not in key for key in missing):
        sys.exit(f"{path}: weights are missing; is it a checkpoint of this architecture?")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", choices=("timm", "torchvision", "checkpoint"))
    parser.add_argument("name")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--weights", help="for checkpoint: the file")
    parser.add_argument("--prefix", help="for checkpoint: how the encoder's keys begin")
    parser.add_argument("--input-size", type=int, help="another side of the input than the encoder's own")
    parser.add_argument("--random-weights", action="store_true")
    a = parser.parse_args()
    torch.manual_seed(0)
    if a.source == "torchvision":
        network, size, mean, std, crop = from_torchvision(a.name, not a.random_weights)
    else:
        network, size, mean, std, crop = from_timm(a.name, a.source == "timm" and not a.random_weights)
    if a.source == "checkpoint":
        if not a.weights:
            sys.exit("checkpoint needs --weights FILE")
        load_backbone(network, a.weights, a.prefix)
        (mean, std), crop = IMAGENET, 0.875
    size = a.input_size or size
    network.eval()
    x = torch.randn(1, 3, size, size)
    torch.onnx.export(network, (x,), a.output, input_names=["x"], output_names=["features"], opset_version=17, dynamo=False)
    import onnxruntime

    with torch.no_grad():
        expected = network(x).numpy()
    found = onnxruntime.InferenceSession(a.output, providers=["CPUExecutionProvider"]).run(None, {"x": x.numpy()})[0]
    difference = np.abs(found - expected).max() / max(1e-12, np.abs(expected).max())
    if not difference < 1e-3:
        sys.exit(f"{a.output}: ONNX Runtime differs from PyTorch by {difference:.1e} of the largest value")

    def numbers(values):
        return ",".join(f"{255 * value:.6g}" for value in values)

    print(f"{a.output}: {expected.shape[-1]} values per photo, ONNX Runtime within {difference:.1e} of PyTorch")
    print(
        f"edgessl import {a.output} -o encoder.tnn --mean {numbers(mean)} --std {numbers(std)} --crop-fraction {crop:.4g} "
        "--statistics PHOTOS"
    )


if __name__ == "__main__":
    main()
