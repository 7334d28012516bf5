"""Writes the averaged weights of a checkpoint as an ONNX file with one output, `features`.

    python export.py --out /tmp/edge-s --onnx ../../models/edge-s/edge-s.onnx

With --data and --cache it also writes statistics.npz beside the checkpoint: the mean embedding of 4000 random training
photos (`mean`, float32 [128]) and their names (`photos`), for comparison with what our own tools compute.
"""
import argparse
import hashlib
import os
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from PIL import Image
from torch import nn

import data
import model


class Exported(nn.Module):
    """The encoder with its linear map as a 1x1 convolution before the pooling, so that the pooling's result is the
    embedding and no reader takes the map for a classifier. Both are linear: the values are the same."""

    def __init__(self, encoder):
        super().__init__()
        self.body = encoder.body
        self.map = nn.Conv2d(model.POOLED, model.EMBEDDING, 1)
        self.map.weight.data = encoder.map.weight.data[:, :, None, None].clone()
        self.map.bias.data = encoder.map.bias.data.clone()
        self.pool = nn.AdaptiveAvgPool2d(1)

    def forward(self, x):
        return self.pool(self.map(self.body(x))).flatten(1)


def load_encoder(out):
    """The averaged encoder of the checkpoint in folder `out`, its step and its seconds of training."""
    kept = torch.load(os.path.join(out, "checkpoint.pt"), weights_only=True)
    weights = {k.removeprefix("encoder."): v for k, v in kept["average"].items() if k.startswith("encoder.")}
    encoder = model.Encoder().eval()
    encoder.load_state_dict(weights)
    return encoder, kept["step"], kept["seconds"]


def multiply_adds(network, px):
    total = []
    hooks = [m.register_forward_hook(lambda m, _, y: total.append(y[0].numel() * m.weight[0].numel()))
             for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    with torch.no_grad():
        network(torch.zeros(1, 3, px, px))
    for h in hooks:
        h.remove()
    return sum(total)


def statistics(path, photos, px, seed, count=4000):
    """Mean embedding and names of random training photos: whole squares, bilinear."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options)
    total = np.zeros(model.EMBEDDING)
    rows = np.random.default_rng([seed, 800]).permutation(np.flatnonzero(~photos.held_out))[:count]
    for r in rows:
        image = Image.fromarray(np.asarray(photos.pixels(r))).resize((px, px), Image.BILINEAR)
        x = (np.asarray(image, np.float32).transpose(2, 0, 1)[None] - model.MEAN) / model.STD
        total += session.run(None, {"x": x})[0][0]
    return (total / len(rows)).astype(np.float32), [photos.names[r] for r in rows]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", required=True, help="folder of train.py with checkpoint.pt")
    p.add_argument("--onnx", required=True, help="file to write")
    p.add_argument("--px", type=int, default=model.INPUT)
    p.add_argument("--data", help="folder with the pretraining archives: also write statistics.npz")
    p.add_argument("--cache", help="cache folder of train.py")
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    torch.set_num_threads(1)
    encoder, step, seconds = load_encoder(a.out)
    network = Exported(encoder).eval()
    x = torch.rand(1, 3, a.px, a.px, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        want = encoder(x).numpy()
        torch.onnx.export(network, x, a.onnx + ".part", opset_version=17, dynamo=False, input_names=["x"],
                          output_names=["features"])
    onnx.checker.check_model(onnx.load(a.onnx + ".part"), full_check=True)
    got = onnxruntime.InferenceSession(a.onnx + ".part").run(None, {"x": x.numpy()})[0]
    difference = np.abs(got - want).max() / np.abs(want).max()
    if not difference < 1e-4:
        raise SystemExit(f"{a.onnx}: ONNX Runtime differs from PyTorch by {difference:.1e} of the largest value")
    os.replace(a.onnx + ".part", a.onnx)
    content = open(a.onnx, "rb").read()
    print(f"{a.onnx}: step {step}, {seconds / 60:.1f} min of training, input {a.px}x{a.px}, {len(content)} bytes, "
          f"{multiply_adds(network, a.px) / 1e6:.2f} million multiply-adds, differs by {difference:.1e}")
    print("sha256", hashlib.sha256(content).hexdigest())
    if a.data:
        photos = data.Photos(a.data, a.cache or os.path.join(a.out, "cache"), a.seed)
        mean, names = statistics(a.onnx, photos, a.px, a.seed)
        np.savez(os.path.join(a.out, "statistics.npz"), mean=mean, photos=names)
        print(f"statistics.npz: mean embedding of {len(names)} photos, length {np.linalg.norm(mean):.4f}")


if __name__ == "__main__":
    main()
