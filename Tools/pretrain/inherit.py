"""The student's first weights, taken from the teacher layer by layer.

The teacher's residual streams are linear, so each stage's stream is replaced by its first principal axes; of every
block's hidden channels a greedy choice is kept (forward selection: the channel that explains most of what is left of
the block's output), and the projection is fitted again by least squares to the teacher's output, with the student's
own input. (Channel selection with reconstruction: He, Zhang and Sun 2017.) Needs no labels and no gradients.
"""
import numpy as np
import onnx
import torch
from torch.nn import functional as F

import model

# The teacher's input, (rgb - 127) * 0.0078431, as a function of the student's.
SCALE, SHIFT = model.STD * 0.0078431, (model.MEAN - 127) * 0.0078431


class Teacher:
    """Layers of mobilenet_v2_1.0_224.onnx by place: `stem`, `blocks[k]` (lists of (weight, bias, stride)), `head`.

    Run with symmetric padding, which for even sizes is the original on an image shifted by up to 31 pixels.
    """

    def __init__(self, path):
        graph = onnx.load(path).graph
        tensors = {t.name: torch.from_numpy(onnx.numpy_helper.to_array(t).copy()) for t in graph.initializer}
        convs = [(tensors[n.input[1]], tensors[n.input[2]],
                  next((a.ints[0] for a in n.attribute if a.name == "strides"), 1))
                 for n in graph.node if n.op_type == "Conv"]
        self.stem, self.head = convs[0], convs[-2]
        self.blocks = {1: convs[1:3]} | {k: convs[3 * k - 3:3 * k] for k in range(2, 18)}

    @staticmethod
    def hidden(layers, x):
        """The activations that the projection of a block reads."""
        if len(layers) == 3:
            w, b, _ = layers[0]
            x = F.conv2d(x, w, b).clamp_(0, 6)
        w, b, stride = layers[-2]
        return F.conv2d(x, w, b, stride, 1, groups=len(w)).clamp_(0, 6)

    def streams(self, x):
        """The stream behind each block, {1: ..., 17: ...}."""
        w, b, _ = self.stem
        x = F.conv2d(x, w, b, 2, 1).clamp_(0, 6)
        result = {0: x}
        for k, layers in self.blocks.items():
            y = F.conv2d(self.hidden(layers, x), layers[-1][0], layers[-1][1])
            x = x + y if y.shape == x.shape and len(layers) == 3 and layers[-2][2] == 1 else y
            result[k] = x
        return result


def rows(x):
    """[n, c, h, w] -> [n h w, c] in float64."""
    return x.permute(0, 2, 3, 1).reshape(-1, x.shape[1]).double()


def axes(streams, count):
    """Mean and first principal axes of all given streams together."""
    total, gram, mean = 0, 0, 0
    for s in streams:
        r = rows(s)
        total, gram, mean = total + len(r), gram + r.T @ r, mean + r.sum(0)
    mean = mean / total
    _, vectors = torch.linalg.eigh(gram / total - torch.outer(mean, mean))
    return mean, vectors.flip(1)[:, :count]


def fit(inputs, targets, count):
    """Greedy choice of `count` input channels and their least-squares fit: (channels, weight, bias, share explained).

    inputs and targets: iterables of tensors [rows, channels] that belong together.
    """
    n, sx, sy, xx, xy, yy = 0, 0, 0, 0, 0, 0
    for x, y in zip(inputs, targets):
        n, sx, sy = n + len(x), sx + x.sum(0), sy + y.sum(0)
        xx, xy, yy = xx + x.T @ x, xy + x.T @ y, yy + (y * y).sum()
    mx, my = sx / n, sy / n
    xx, xy, yy = xx / n - torch.outer(mx, mx), xy / n - torch.outer(mx, my), yy / n - (my * my).sum()
    xx = xx + 1e-4 * xx.diagonal().mean() * torch.eye(len(xx), dtype=xx.dtype)
    left_x, left_y, chosen = xx.clone(), xy.clone(), []
    while len(chosen) < min(count, len(xx)):
        pivot = left_x.diagonal().clamp_min(1e-12)
        gain = (left_y**2).sum(1) / pivot
        gain[left_x.diagonal() < 1e-3 * xx.diagonal()] = -1
        gain[chosen] = -2
        j = int(gain.argmax())
        chosen.append(j)
        column, row = left_x[:, j] / pivot[j], left_y[j].clone()
        left_y -= torch.outer(column, row)
        left_x -= torch.outer(column, left_x[j].clone())
    chosen.sort()
    weight = torch.linalg.solve(xx[chosen][:, chosen], xy[chosen]).T
    error = yy - (weight.T * xy[chosen]).sum()
    return chosen, weight, my - weight @ mx[chosen], float(1 - error / yy)


def put(layer, weight, bias, x, stride=1, groups=1):
    """Sets a convolution and makes its normalisation the identity on x, given the bias. Returns the activations."""
    convolution, norm = layer[0], layer[1]
    convolution.weight.copy_(weight.float().reshape(convolution.weight.shape))
    parts = [F.conv2d(p, convolution.weight, None, stride, convolution.padding, groups=groups) for p in x.split(64)]
    y = torch.cat(parts)
    mean, variance = y.mean((0, 2, 3)), y.var((0, 2, 3)) + 1e-4
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
    norm.weight.copy_((variance + norm.eps).sqrt())
    norm.bias.copy_(mean + bias.float())
    y += bias.float()[:, None, None]
    return y.clamp_(0, 6) if len(layer) == 3 else y


@torch.no_grad()
def inherit(encoder, path, x, z):
    """Sets all weights of the encoder. x: photos [n, 3, h, w] as the student sees them; z: their target [n, 128]."""
    teacher = Teacher(path)
    collected = {}
    for part in x.split(32):
        for k, s in teacher.streams(part * SCALE + SHIFT).items():
            collected.setdefault(k, []).append(s)
    streams = {k: torch.cat(s) for k, s in collected.items()}
    del collected
    layers = list(encoder.body)

    # Stem: the channels that the first block's output can best be told from.
    w, b, _ = teacher.stem
    first = teacher.blocks[1]
    target_mean, target_axes = axes([streams[1]], model.BLOCKS[0][0])
    hidden = [Teacher.hidden(first, s) for s in streams[0].split(64)]
    target = [(rows(t) - target_mean) @ target_axes for t in streams[1].split(64)]
    kept, weight, bias, share = fit([rows(h) for h in hidden], target, model.STEM)
    s = put(layers[0], w[kept] * SCALE, b[kept] + SHIFT * w[kept].sum((1, 2, 3)), x, 2)
    block = layers[1].layers
    h = put(block[0], first[0][0][kept], first[0][1][kept], s, groups=len(kept))
    s = put(block[1], weight, bias, h)
    mean, basis = target_mean, target_axes
    print(f"block 1: {share:.3f} of the variance", flush=True)

    places = [p for *_, p in model.BLOCKS]
    for i in range(1, len(places)):
        outputs, count, stride, place = model.BLOCKS[i]
        expand, depthwise, _ = teacher.blocks[place]
        block, residual = layers[i + 1].layers, layers[i + 1].residual
        # A block left out of the student is answered for by the one before it.
        last = (places[i + 1] if i + 1 < len(places) else 18) - 1
        if residual:
            new_mean, new_basis = mean, basis
        else:
            stage = [streams[k] for k in streams if k >= place and streams[k].shape[1:] == streams[last].shape[1:]]
            new_mean, new_basis = axes(stage, outputs)
        we, be = expand[0][:, :, 0, 0].double() @ basis, expand[1].double() + expand[0][:, :, 0, 0].double() @ mean
        wd, bd = depthwise[0], depthwise[1]

        def hidden(p):
            a = F.conv2d(p, we.float()[:, :, None, None], be.float()).clamp_(0, 6)
            return F.conv2d(a, wd, bd, stride, 1, groups=len(wd)).clamp_(0, 6)

        def target(p, t):
            y = (rows(t) - new_mean) @ new_basis
            return y - rows(p) if residual else y

        pairs = list(zip(s.split(64), streams[last].split(64)))
        kept, weight, bias, share = fit((rows(hidden(p)) for p, _ in pairs), (target(p, t) for p, t in pairs), count)
        a = put(block[0], we[kept], be[kept], s)
        a = put(block[1], wd[kept], bd[kept], a, stride, len(kept))
        a = put(block[2], weight, bias, a)
        s = s + a if residual else a
        mean, basis = new_mean, new_basis
        y = torch.cat([(rows(t) - mean) @ basis for t in streams[last].split(64)])
        error = ((rows(s) - y)**2).sum() / ((rows(streams[last]) - mean)**2).sum()
        kept_share = (y**2).sum() / ((rows(streams[last]) - mean)**2).sum()
        print(f"block {place}: fit {share:.3f}, axes keep {kept_share:.3f}, error {error:.3f}", flush=True)

    w = teacher.head[0][:, :, 0, 0].double()
    wh, bh = w @ basis, teacher.head[1].double() + w @ mean
    heads = (F.conv2d(p, wh.float()[:, :, None, None], bh.float()).clamp_(0, 6) for p in s.split(64))
    pooled = torch.cat([h.mean((2, 3)) for h in heads])
    kept, weight, bias, share = fit([pooled.double()], [z.double()], model.POOLED)
    put(layers[-1], wh[kept], bh[kept], s)
    encoder.map.weight.copy_(weight)
    encoder.map.bias.copy_(bias)
    print(f"embedding: {share:.3f} of the variance", flush=True)
