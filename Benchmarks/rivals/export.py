"""Writes the models of every runtime, float32 and int8, and the photos that calibrate the int8 ones:

    FOLDER/<network>/float.onnx int8.onnx float.tflite int8.tflite float.pte int8.pte float.tnn int8.tnn
                     input.npy output.npy calibration/*.png

int8.onnx (QDQ, uint8 activations, int8 weights per channel) serves ONNX Runtime and OpenVINO. A runtime that cannot take a network
has a file `<model>.failed` with the reason instead. What exists is not written again.
"""

import os
import subprocess
import sys

import numpy as np

import networks

CALIBRATION_PHOTOS = 32


def folder_of(root, name):
    return os.path.join(root, name.replace(" @", "_"))


def attempt(path, write):
    """Runs `write` unless `path` is there; keeps the reason of a failure beside it."""
    if os.path.exists(path) or os.path.exists(path + ".failed"):
        return
    try:
        write()
    except Exception as error:
        text = getattr(error, "stderr", None) or str(error)
        with open(path + ".failed", "w") as file:
            file.write(f"{type(error).__name__}: {text.strip()}\n")
        print(f"{path}: {type(error).__name__}: {text.strip()[:300]}", file=sys.stderr)


def write_onnx(network, size, folder):
    import torch

    torch.onnx.export(
        network,
        (torch.zeros(1, 3, size, size),),
        os.path.join(folder, "float.onnx"),
        opset_version=17,
        input_names=["x"],
        output_names=["y"],
        dynamo=False,
    )


def write_int8_onnx(folder, photos):
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.feeds = iter([{"x": photos[i : i + 1]} for i in range(len(photos))])

        def get_next(self):
            return next(self.feeds, None)

    prepared = os.path.join(folder, "prepared.onnx")
    quant_pre_process(os.path.join(folder, "float.onnx"), prepared, skip_symbolic_shape=True)
    quantize_static(
        prepared,
        os.path.join(folder, "int8.onnx"),
        Reader(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    os.remove(prepared)


def write_tflite(network, size, folder):
    import litert_torch
    import torch

    channel_last = litert_torch.to_channel_last_io(network, args=[0]).eval()
    litert_torch.convert(channel_last, (torch.zeros(1, size, size, 3),)).export(os.path.join(folder, "float.tflite"))


def write_int8_tflite(folder, photos):
    from ai_edge_litert.interpreter import Interpreter
    from ai_edge_quantizer import quantizer, recipe

    path = os.path.join(folder, "float.tflite")
    signatures = Interpreter(model_path=path).get_signature_list()
    key = next(iter(signatures))
    argument = signatures[key]["inputs"][0]
    maker = quantizer.Quantizer(path)
    maker.load_quantization_recipe(recipe.static_wi8_ai8())
    calibration = maker.calibrate({key: [{argument: np.ascontiguousarray(photo[None].transpose(0, 2, 3, 1))} for photo in photos]})
    maker.quantize(calibration).export_model(os.path.join(folder, "int8.tflite"))


def without_fused_attention(network):
    """ExecuTorch's XNNPACK does not take PyTorch's fused attention."""
    for module in network.modules():
        if hasattr(module, "fused_attn"):
            module.fused_attn = False
    return network


def write_executorch(program, path):
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower

    lowered = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()]).to_executorch()
    with open(path, "wb") as file:
        file.write(lowered.buffer)


def write_int8_executorch(network, photos, path):
    import torch
    from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import XNNPACKQuantizer, get_symmetric_quantization_config
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

    example = (torch.from_numpy(photos[:1]),)
    quantizer = XNNPACKQuantizer().set_global(get_symmetric_quantization_config(is_per_channel=True))
    prepared = prepare_pt2e(torch.export.export(network, example).module(), quantizer)
    with torch.no_grad():
        for photo in photos:
            prepared(torch.from_numpy(photo[None]))
    write_executorch(torch.export.export(convert_pt2e(prepared), example), path)


def write_pngs(folder, images):
    from PIL import Image

    os.makedirs(os.path.join(folder, "calibration"), exist_ok=True)
    for index, image in enumerate(images):
        Image.fromarray(image).save(os.path.join(folder, "calibration", f"{index:02}.png"))


def run(arguments):
    subprocess.run(arguments, check=True, capture_output=True, text=True)


def export_rivals(name, root):
    folder = folder_of(root, name)
    kinds = ["float.onnx", "int8.onnx", "float.tflite", "int8.tflite", "float.pte", "int8.pte"]
    paths = [os.path.join(folder, kind) for kind in kinds]
    if all(os.path.exists(path) or os.path.exists(path + ".failed") for path in paths):
        return
    print(f"exporting {name}", file=sys.stderr, flush=True)
    os.makedirs(folder, exist_ok=True)
    import torch

    network, size = networks.build(name)
    images = networks.photos(CALIBRATION_PHOTOS, size, 5000)
    write_pngs(folder, images)
    x = networks.normalised(networks.photos(1, size, 7))
    with torch.no_grad():
        y = network(torch.from_numpy(x)).numpy()
    np.save(os.path.join(folder, "input.npy"), x)
    np.save(os.path.join(folder, "output.npy"), y)
    photos = networks.normalised(images)
    attempt(paths[0], lambda: write_onnx(network, size, folder))
    attempt(paths[1], lambda: write_int8_onnx(folder, photos))
    attempt(paths[2], lambda: write_tflite(network, size, folder))
    attempt(paths[3], lambda: write_int8_tflite(folder, photos))
    network = without_fused_attention(network)
    attempt(paths[4], lambda: write_executorch(torch.export.export(network, (torch.from_numpy(x),)), paths[4]))
    attempt(paths[5], lambda: write_int8_executorch(network, photos, paths[5]))


def export_ours(name, root, edgessl):
    """Always anew: the format and the compiler change with the code that is measured."""
    folder = folder_of(root, name)
    size = str(networks.NETWORKS[name][1])
    float_model, int8_model = os.path.join(folder, "float.tnn"), os.path.join(folder, "int8.tnn")
    for path in [float_model, int8_model]:
        for old in [path, path + ".failed"]:
            if os.path.exists(old):
                os.remove(old)
    mean, deviation = (",".join(str(value) for value in values) for values in [networks.MEAN, networks.DEVIATION])
    attempt(
        float_model,
        lambda: run(
            [
                edgessl,
                "import",
                os.path.join(folder, "float.onnx"),
                "-o",
                float_model,
                "--input-size",
                size,
                "--embedding",
                "y",
                "--mean",
                mean,
                "--std",
                deviation,
            ]
        ),
    )
    if os.path.exists(float_model):
        attempt(
            int8_model,
            lambda: run(
                [edgessl, "quantize", float_model, "--calibration", os.path.join(folder, "calibration"), "-o", int8_model, "--fast"]
            ),
        )
