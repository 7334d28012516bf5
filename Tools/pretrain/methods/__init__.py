"""The methods by the names of the command."""

import difflib
import importlib

import parts.vision  # noqa: F401  before lightly

METHODS = {
    "rotation": "rotation.Rotation",
    "patch-location": "patch_location.PatchLocation",
    "jigsaw": "jigsaw.Jigsaw",
    "inpainting": "inpainting.Inpainting",
    "colorization": "colorization.Colorization",
    "split-brain": "split_brain.SplitBrain",
    "counting": "counting.Counting",
    "denoising": "denoising.Denoising",
    "bownet": "bownet.BoWNet",
    "exemplar": "exemplar.Exemplar",
    "npid": "npid.NPID",
    "pirl": "pirl.PIRL",
    "cmc": "cmc.CMC",
    "cpc": "cpc.CPC",
    "dim": "dim.DIM",
    "amdim": "amdim.AMDIM",
    "moco-v1": "moco.MoCo1",
    "moco-v2": "moco.MoCo",
    "simclr": "simclr.SimCLR",
    "supcon": "supcon.SupCon",
    "pcl": "pcl.PCL",
    "debiased": "debiased.Debiased",
    "clsa": "clsa.CLSA",
    "byol": "byol.BYOL",
    "simsiam": "simsiam.SimSiam",
    "barlow-twins": "barlow_twins.BarlowTwins",
    "vicreg": "vicreg.VICReg",
    "dino": "dino.DINO",
    "deepcluster": "deepcluster.DeepCluster",
    "odc": "odc.ODC",
    "sela": "sela.SeLa",
    "swav": "swav.SwAV",
    "iic": "iic.IIC",
    "pica": "pica.PICA",
    "local-aggregation": "local_aggregation.LocalAggregation",
    "and": "anchor_neighbourhood.AnchorNeighbourhood",
    "scan": "scan.SCAN",
    "nat": "nat.NAT",
    "clusterfit": "clusterfit.ClusterFit",
    "s4l-rotation": "s4l.S4LRotation",
    "s4l-exemplar": "s4l.S4LExemplar",
    "noisy-student": "noisy_student.NoisyStudent",
    "distillation": "distillation.Distillation",
    "greedy-infomax": "greedy_infomax.GreedyInfoMax",
}


def find(name: str) -> type:
    """The class of a method; its module is only loaded here."""
    if name not in METHODS:
        near = difflib.get_close_matches(name, METHODS, 1)
        raise SystemExit(f"{name}: no such method{f', did you mean {near[0]}' if near else ''}; there are {', '.join(METHODS)}")
    module, kind = METHODS[name].split(".")
    return getattr(importlib.import_module(f"methods.{module}"), kind)
