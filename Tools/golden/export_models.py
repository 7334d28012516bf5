"""Exports image encoders with random weights and records ONNX Runtime's answers.

    python export_models.py DIR [NAME...]

Writes DIR/<name>/ (see golden_case.py) for the named models, or for all of MODELS. Weights, batch-normalisation
statistics and inputs follow from SEED, so that the same versions of the packages give the same case.
"""

import argparse
import importlib.util
from pathlib import Path

import numpy as np
import onnx
import torch

from golden_case import write_case

SEED = 7

# Encoders that people start from, of every family.
TIMM = """resnet50 mobilenetv1_100 mobilenetv2_035 mobilenetv2_100 mobilenetv3_small_100 mobilenetv3_large_100
mobilenetv4_conv_small efficientnet_b0 tinynet_e mnasnet_100 ghostnet_100 regnetx_002 regnety_002 densenet121 dla34 repvgg_a0
mobileone_s0 lcnet_050 edgenext_xx_small mobilevit_xxs mobilevitv2_050 fastvit_t8 convnext_atto poolformer_s12
vit_small_patch14_dinov2 levit_128s efficientformer_l1 xcit_nano_12_p16_224 swin_tiny_patch4_window7_224 resmlp_12_224
mixer_s32_224""".split()

# Others, of families that share no blocks with those above.
MORE_TIMM = """resnext50_32x4d res2net50_26w_4s coat_lite_tiny pit_ti_224 cait_xxs24_224 crossvit_9_240 gcvit_xxtiny visformer_tiny
hardcorenas_a fbnetc_100 spnasnet_100 rexnet_100 selecsls42b skresnet18 dpn68 maxvit_nano_rw_256""".split()

# Hybrids, windowed and linear attention, grouped and split kernels, normalisation without batches.
OTHER_TIMM = """vgg11_bn davit_tiny eva02_tiny_patch14_224 hrnet_w18_small inception_v3 efficientnetv2_rw_t resnest14d
ese_vovnet19b_dw coat_tiny convit_tiny beit_base_patch16_224 tiny_vit_5m_224 efficientvit_b0 efficientvit_m0 repvit_m0_9
fasternet_t0 starnet_s1 xception41 nfnet_l0 volo_d1_224 fastvit_mci0 ghostnetv2_100 hgnetv2_b0 convnextv2_atto mambaout_femto
inception_next_atto caformer_s18 pvt_v2_b0 twins_svt_small nest_tiny tnt_s_patch16_224 swinv2_tiny_window8_256 cs3darknet_s
resnetv2_50 gernet_s halonet26t botnet26t_256 lambda_resnet26t tf_efficientnetv2_b0 mixnet_s seresnet18 cspresnet50 rdnet_tiny
hiera_tiny_224 vitamin_small_224 nextvit_small mvitv2_tiny focalnet_tiny_srf poolformerv2_s12 regnetz_005 shvit_s1
sequencer2d_s vit_tiny_r_s16_p8_224 gmixer_12_224 gmlp_ti16_224 efficientformerv2_s0 coatnet_pico_rw_224 mobilevitv2_100
repghostnet_050 swiftformer_xs vit_little_patch16_reg4_gap_256 tresnet_m mobilenetv4_hybrid_medium""".split()
SIZES = {
    "crossvit_9_240": 240,
    "maxvit_nano_rw_256": 256,
    "inception_v3": 299,
    "xception41": 299,
    "tf_efficientnetv2_b0": 192,
    **dict.fromkeys(
        """fastvit_mci0 swinv2_tiny_window8_256 cs3darknet_s halonet26t botnet26t_256 lambda_resnet26t cspresnet50
                         mobilevitv2_100 vit_little_patch16_reg4_gap_256 mobilenetv4_hybrid_medium""".split(),
        256,
    ),
}

MODELS = {
    "mobilenet_v2": ("torchvision", 224),
    "mobilenet_v3_small": ("torchvision", 224),
    "resnet18": ("torchvision", 224),
    "squeezenet1_1": ("torchvision", 224),
    "googlenet": ("torchvision", 224),
    "alexnet": ("torchvision", 224),
    "mnasnet0_5": ("torchvision", 224),
    "shufflenet_v2_x0_5": ("torchvision", 224),
    "efficientnet_lite0": ("timm", 224),
    "vit_tiny_patch16_224": ("timm", 224),
    "deit_tiny_patch16_224": ("timm", 224),
    **{name: ("timm", SIZES.get(name, 224)) for name in TIMM + MORE_TIMM + OTHER_TIMM},
}


def declare_torchvision_operators():
    """Lets torchvision's Python models load beside a torch whose build does not match torchvision's compiled part."""
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


def build(name: str) -> torch.nn.Module:
    source = MODELS[name][0]
    torch.manual_seed(SEED)
    if source == "timm":
        import timm

        size = {"img_size": MODELS[name][1]} if "dinov2" in name else {}
        return timm.create_model(name, pretrained=False, **size)
    import torchvision

    return getattr(torchvision.models, name)(weights=None)


def randomise(model: torch.nn.Module, size: int) -> None:
    """Gives every normalisation and bias values that matter, and keeps activations near unit scale.

    Running statistics are those of random images, then disturbed, so that no statistic is trivial and none explodes.
    """
    generator = torch.Generator().manual_seed(SEED)

    def uniform(like, low, high):
        return torch.rand(like.shape, generator=generator) * (high - low) + low

    norms = [m for m in model.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)) and module.bias is not None:
                module.bias.copy_(uniform(module.bias, -0.1, 0.1))
            if isinstance(module, (torch.nn.LayerNorm, torch.nn.GroupNorm)) and module.weight is not None:
                module.weight.copy_(uniform(module.weight, 0.5, 1.5))
                if module.bias is not None:
                    module.bias.copy_(uniform(module.bias, -0.3, 0.3))
        # Weights that start at a constant (zero heads, layer scales of 1e-5) would hide what stands before them.
        for parameter in model.parameters():
            if (
                parameter.numel() > 1
                and parameter.min() == parameter.max()
                and not any(parameter is n.weight or parameter is n.bias for n in norms)
            ):
                low, high = (0.2, 0.6) if parameter.dim() == 1 else (-0.1, 0.1)
                parameter.copy_(uniform(parameter, low, high))
        for norm in norms:
            norm.weight.copy_(uniform(norm.weight, 0.5, 1.5))
            norm.bias.copy_(uniform(norm.bias, -0.3, 0.5))
            norm.reset_running_stats()
            norm.momentum = None
        if norms:
            model.train()
            for module in model.modules():
                if isinstance(module, torch.nn.Dropout):
                    module.eval()
            model(torch.randn((4, 3, size, size), generator=generator))
        for norm in norms:
            deviation = norm.running_var.sqrt()
            norm.running_mean.add_(uniform(norm.running_mean, -0.2, 0.2) * deviation)
            norm.running_var.mul_(uniform(norm.running_var, 0.7, 1.5))
            # Statistics of a handful of pooled vectors are nearly constant: dividing by them would only magnify rounding.
            norm.running_var.clamp_(min=1e-3).add_(0.05 * norm.running_mean.square())
    model.eval()


def classifier_input(model: onnx.ModelProto) -> str | None:
    """The tensor that the last Gemm or MatMul reads, if only shape operators follow it."""
    producer = {output: node for node in model.graph.node for output in node.output}
    tensor = model.graph.output[0].name
    while tensor in producer:
        node = producer[tensor]
        if node.op_type in ("Gemm", "MatMul"):
            return node.input[0]
        if node.op_type not in ("Flatten", "Reshape", "Softmax", "Identity", "Add"):
            return None
        tensor = node.input[0]
    return None


def export(name: str, arguments: argparse.Namespace) -> None:
    size = MODELS[name][1]
    model = build(name)
    randomise(model, size)
    image = torch.randn((1, 3, size, size), generator=torch.Generator().manual_seed(SEED + 1))
    folder = arguments.directory / name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.onnx"
    keep = arguments.keep_batch_normalization
    mode = torch.onnx.TrainingMode.PRESERVE if keep else torch.onnx.TrainingMode.EVAL
    if arguments.dynamo:
        torch.onnx.export(
            model,
            (image,),
            str(path),
            opset_version=max(18, arguments.opset),
            input_names=["x"],
            output_names=["logits"],
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    else:
        torch.onnx.export(
            model,
            (image,),
            str(path),
            opset_version=arguments.opset,
            input_names=["x"],
            output_names=["logits"],
            dynamo=False,
            do_constant_folding=not keep,
            training=mode,
        )
    proto = onnx.load(str(path))
    values = write_case(folder, proto, {"x": image.numpy()}, embedding=classifier_input(proto), copy_model=False)
    with torch.no_grad():
        expected = model(image).numpy()
    difference = np.abs(values["logits"] - expected).max() / np.abs(expected).max()
    operators = sorted({node.op_type for node in proto.graph.node})
    shapes = {tensor: list(value.shape) for tensor, value in values.items()}
    print(
        f"{name}: {shapes}, deviation {values['logits'].std():.3g}, torch differs by {difference:.1e}, "
        f"{len(proto.graph.node)} nodes of {' '.join(operators)}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(MODELS)}")
    parser.add_argument("--opset", type=int, default=17)
    parser.add_argument(
        "--keep-batch-normalization",
        action="store_true",
        help="export BatchNormalization as a node of its own, which the exporter otherwise folds",
    )
    parser.add_argument("--dynamo", action="store_true", help="use torch's newer exporter; needs opset 18 or later")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in MODELS]
    if unknown:
        parser.error(f"unknown model {', '.join(unknown)}")
    names = arguments.names or list(MODELS)
    torch.set_num_threads(1)
    library = declare_torchvision_operators() if any(MODELS[n][0] == "torchvision" for n in names) else None
    if library is None and importlib.util.find_spec("torchvision"):
        library = declare_torchvision_operators()
    for name in names:
        try:
            export(name, arguments)
        except Exception as error:
            print(f"{name}: not exported: {type(error).__name__}: {error}".splitlines()[0], flush=True)


if __name__ == "__main__":
    main()
