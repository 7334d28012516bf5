"""The encoders that are compared: the published architectures with seeded random weights, their batch normalisation statistics
measured, so that activations have the spread of a trained network; and what is fed to them."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

# name -> (timm's name or "resnet8", input size)
NETWORKS = {
    "resnet8 @32": ("resnet8", 32),
    "mobilenetv2_035 @96": ("mobilenetv2_035", 96),
    "mobilenetv2_035 @160": ("mobilenetv2_035", 160),
    "mobilenet_v2 @224": ("mobilenetv2_100", 224),
    "mobilenet_v3_small @224": ("mobilenetv3_small_100", 224),
    "resnet18 @224": ("resnet18", 224),
    "vit_tiny @224": ("vit_tiny_patch16_224", 224),
}
QUICK = ["resnet8 @32", "mobilenetv2_035 @96", "mobilenet_v2 @224"]

# ImageNet's, of values from 0 to 255.
MEAN = np.array([123.675, 116.28, 103.53], np.float32)
DEVIATION = np.array([58.395, 57.12, 57.375], np.float32)


def import_timm():
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        # torchvision's wheel from PyPI is built for CUDA: beside a CPU build of torch its compiled operators are missing.
        library = torch.library.Library("torchvision", "DEF")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import_timm.library = library
    import timm

    return timm


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1), nn.BatchNorm2d(outputs), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(outputs, outputs, 3, 1, 1), nn.BatchNorm2d(outputs))
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride) if stride != 1 else nn.Identity()

    def forward(self, x):
        return F.relu(self.second(self.first(x)) + self.shortcut(x))


class ResNet8(nn.Module):
    """The image classifier of MLPerf Tiny without its classifier."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 3, 1, 1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            ResidualBlock(16, 16, 1),
            ResidualBlock(16, 32, 2),
            ResidualBlock(32, 64, 2),
        )

    def forward(self, x):
        return self.body(x).mean((2, 3))


def photos(count, size, seed):
    """Smooth random images, [count, size, size, 3] uint8."""
    generator = torch.Generator().manual_seed(seed)
    image = 0
    for detail, amplitude in [(4, 60), (16, 30), (size, 15)]:
        noise = torch.randn(count, 3, detail, detail, generator=generator)
        image = image + amplitude * F.interpolate(noise, (size, size), mode="bilinear")
    return (image + 118).clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()


def normalised(images):
    """[N, H, W, 3] uint8 -> [N, 3, H, W] float32, as photos enter the networks."""
    return np.ascontiguousarray(((images.astype(np.float32) - MEAN) / DEVIATION).transpose(0, 3, 1, 2))


def build(name):
    kind, size = NETWORKS[name]
    torch.manual_seed(1234)
    network = ResNet8() if kind == "resnet8" else import_timm().create_model(kind, pretrained=False, num_classes=0)
    generator = torch.Generator().manual_seed(99)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    with torch.no_grad():
        for norm in norms:
            norm.weight.copy_(0.5 + torch.rand(norm.weight.shape, generator=generator))
            norm.bias.copy_(0.2 * torch.randn(norm.bias.shape, generator=generator))
            norm.momentum = None
            norm.reset_running_stats()
        if norms:
            network.train()
            for batch in range(2):
                network(torch.from_numpy(normalised(photos(16, size, 1000 + batch))))
    for module in network.modules():
        # Plain matrix products and softmax, which every exporter knows.
        if hasattr(module, "fused_attn"):
            module.fused_attn = False
    return network.eval(), size
