"""Makes torchvision importable beside a build of torch for CPUs.

Its wheel from PyPI is built for CUDA: its compiled operators are then missing, and the import fails where it describes them. None
of them is used here.
"""

import torch


def prepare() -> None:
    """Called before lightly, timm or torchvision is imported for the first time."""
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        library = torch.library.Library("torchvision", "DEF")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        prepare.library = library  # type: ignore[attr-defined]  # it is valid while it lives


prepare()
