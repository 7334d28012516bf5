"""A smaller start from a larger student: blocks dropped, hidden channels chosen, projections and the map fitted anew, no gradients.

    python shrink.py --data ../../../shared/data/pretrain --cache /tmp/cache --student /tmp/edge-s/start.pt \
        --start /tmp/edge-xs/start.pt --side 66 --drop 13 --hidden 11:184 12:64 14:112
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import archives
import student
from fit import pooled, ridge
from target import load_target
from train import Batches
from validation import HeldOut


def kept_channels(activation: Tensor, outgoing: Tensor, count: int) -> Tensor:
    """The channels [n, c, h, w] that move the next layer's output most: variance times the squared outgoing weights [out, c]."""
    worth = activation.var((0, 2, 3)) * outgoing.square().sum(0)
    return worth.topk(count).indices.sort().values


def narrowed(layer: student.Convolution, outputs: Tensor | None, inputs: Tensor | None) -> student.Convolution:
    """The layer with some of its output and input channels; a depthwise layer keeps both alike."""
    weight, bias = layer.weight * layer.scale, layer.bias
    groups = layer.groups
    if outputs is not None:
        weight, bias = weight[outputs], bias[outputs]
        groups = len(outputs) if groups > 1 else 1
    if inputs is not None:
        weight = weight[:, inputs]
    return student.Convolution(weight.detach(), bias.detach(), layer.stride, groups, layer.clip)


def flat(x: Tensor) -> np.ndarray:
    return x.permute(0, 2, 3, 1).flatten(0, 2).numpy()


def narrow(block: student.Block, x: Tensor, count: int, outgoing: Tensor | None, penalty: float) -> None:
    """Keeps `count` hidden channels of a block. Its projection is fitted to what it gave before; the last block has none."""
    layers = list(block.layers)
    projection = layers.pop() if outgoing is None else None
    hidden = torch.nn.Sequential(*layers)(x)
    channels = kept_channels(hidden, (projection.weight * projection.scale)[:, :, 0, 0] if projection else outgoing, count)
    kept = [narrowed(layers[0], channels, None), narrowed(layers[1], channels, None)]
    if projection:
        weight, bias = ridge(flat(hidden[:, channels]), flat(projection(hidden)), penalty)
        kept.append(student.Convolution(torch.from_numpy(weight).float()[:, :, None, None], torch.from_numpy(bias).float()))
    block.layers = torch.nn.Sequential(*kept)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", type=Path, required=True, help="folder with the training archives")
    p.add_argument("--cache", type=Path, required=True, help="folder of prepare.py")
    p.add_argument("--student", type=Path, required=True, help="the larger student, of fit.py or train.py")
    p.add_argument("--start", type=Path, required=True, help="file to write")
    p.add_argument("--side", type=int, default=66, help="input, pixels")
    p.add_argument("--drop", type=int, nargs="*", default=[], help="numbers of blocks with a residual to leave out, from 0")
    p.add_argument("--hidden", nargs="*", default=[], help="block:channels, how many hidden channels to keep of which block")
    p.add_argument("--penalty", type=float, default=1e-2)
    p.add_argument("--views", type=int, default=16000, help="views that the map is fitted on")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    a.start.parent.mkdir(parents=True, exist_ok=True)
    photos = archives.list_photos(a.data, a.seed)
    views = archives.list_views(photos, a.seed)
    pixels = np.load(a.cache / "views.npy", mmap_mode="r")
    target = load_target(a.cache, photos, views, student.load(a.student)[0].width)
    batches = Batches(photos, views, 48, a.seed)
    network, _ = student.load(a.student)
    widths = {int(block): int(count) for block, count in (h.split(":") for h in a.hidden)}
    x = student.normalized(pixels[np.sort(batches.bank(1000))])
    x = torch.nn.functional.interpolate(x, (a.side, a.side), mode="bilinear", antialias=True)
    kept = []
    with torch.inference_mode():
        for i, block in enumerate(network.body):
            if i in a.drop:
                continue
            if i in widths:
                last = i == len(network.body) - 1
                narrow(block, x, widths[i], (network.map.weight * network.map.scale)[:, :, 0, 0] if last else None, a.penalty)
            x = block(x)
            kept.append(block)
    small = student.Encoder(kept, network.width)
    rows = np.sort(batches.bank(a.views))
    weight, bias = ridge(pooled(small, pixels, rows, a.side), target[rows], a.penalty)
    small.set_map(torch.from_numpy(weight).float(), torch.from_numpy(bias).float())
    student.save(a.start, small, a.side)
    held_out = HeldOut(photos, views, pixels)
    for name, row in held_out.score(held_out.embed(small, a.side)).items():
        print(name, row, flush=True)


if __name__ == "__main__":
    main()
