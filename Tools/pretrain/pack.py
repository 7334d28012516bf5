"""Packs what distil.py needs into files small enough to be sent to another machine.

Photos become WebP squares, encoders are kept in half precision.

    python pack.py --data ../../../shared/data/pretrain --encoders ../../../shared/data/encoders --out /tmp/packs

Each photos-<i>.npz holds `bytes`, `ends` (of each photo), `archive`, `folder`, `held_out`.
"""

import argparse
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

import archives
from teachers import TEACHERS


def square(image: Image.Image) -> Image.Image:
    """The centre square, 128 pixels, or what it has where that is less."""
    side = min(archives.SIDE, *image.size)
    box = archives.crop_box(image.size, 0, 0)
    return image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR, box=box)


def encoded(reader: archives.Reader, photos: range, quality: int) -> Iterator[bytes]:
    for i in photos:
        of = reader.photos[i]
        content = io.BytesIO()
        image = Image.open(io.BytesIO(reader.files[of.archive].read(of.file)))
        square(image).save(content, "WEBP", quality=quality, method=4)
        yield content.getvalue()


def halved(path: Path) -> onnx.ModelProto:
    """The network up to its features, its weights in half precision behind Casts."""
    model = onnx.load(path)
    graph = model.graph
    kinds = [n.op_type for n in graph.node]
    nodes = list(graph.node)[: kinds.index("GlobalAveragePool") + 1]
    used = {name for node in nodes if node.op_type != "Cast" for name in node.input}
    nodes = [n for n in nodes if n.op_type != "Cast" or n.output[0] in used]
    used = {name for node in nodes for name in node.input}
    tensors, casts = [], []
    for tensor in graph.initializer:
        if tensor.name not in used:
            continue
        value = numpy_helper.to_array(tensor)
        if value.dtype == np.float32 and value.size > 1:
            casts.append(helper.make_node("Cast", [f"{tensor.name}_half"], [tensor.name], to=TensorProto.FLOAT))
            tensor = numpy_helper.from_array(value.astype(np.float16), f"{tensor.name}_half")
        tensors.append(tensor)
    output = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)
    packed = helper.make_graph(casts + nodes, graph.name, graph.input, [output], tensors)
    return helper.make_model(packed, opset_imports=model.opset_import, ir_version=model.ir_version)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", type=Path, required=True, help="folder with the training archives")
    p.add_argument("--encoders", type=Path, required=True, help="folder with the teachers' ONNX files")
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--quality", type=int, default=60, help="of WebP")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--limit", type=int, help="photos in all at most, for a trial")
    p.add_argument("--parts", type=int, default=2, help="files that the photos are divided into")
    a = p.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    for teacher in TEACHERS:
        onnx.save(halved(a.encoders / teacher.file), a.out / teacher.file)
    photos = archives.list_photos(a.data, a.seed)
    if a.limit:
        photos = [photos[i] for i in sorted(np.random.default_rng(a.seed).permutation(len(photos))[: a.limit])]
    for part in range(a.parts):
        mine = photos[part :: a.parts]
        half = len(mine) // 2
        spans = range(half), range(half, len(mine))
        readers = [archives.Reader(a.data, mine, a.seed) for _ in spans]
        with ThreadPoolExecutor(2) as pool:
            work = pool.map(lambda reader, span: list(encoded(reader, span, a.quality)), readers, spans)
            contents = [content for of in work for content in of]
        np.savez(
            a.out / f"photos-{part}.npz",
            bytes=np.frombuffer(b"".join(contents), np.uint8),
            ends=np.cumsum([len(c) for c in contents]),
            archive=np.array([p.archive for p in mine], np.uint8),
            folder=np.array([p.folder for p in mine]),
            held_out=np.array([p.held_out for p in mine]),
        )
        print(f"photos-{part}.npz: {len(mine)} photos, {sum(map(len, contents)) / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
