"""Few-shot accuracy of an ONNX encoder: of folders of photos, or on the held-out folders of training.

    python evaluate.py --onnx ../../models/edge-s/edge-s.onnx --photos ../../../shared/data/photos
    python evaluate.py --onnx ../../models/edge-s/edge-s.onnx --data ../../../shared/data/pretrain --cache /tmp/cache

5-way, 15 queries, cosine prototypes. Photos are for reports only: choices are made on the held-out folders.
"""

import argparse
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

import archives
import episodes
from validation import HeldOut

SETS = ("caltech20", "flowers5", "neu_det", "trashnet")


def square(path: Path, side: int) -> np.ndarray:
    """The centre square, bilinear, uint8 [side, side, 3]."""
    with Image.open(path) as image:
        box = archives.crop_box(image.size, 0, 0)
        return np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR, box=box))


def embed(session: onnxruntime.InferenceSession, pixels: np.ndarray, mean: float, std: float) -> np.ndarray:
    """uint8 [side, side, 3] -> embedding."""
    x = ((pixels.transpose(2, 0, 1)[None] - np.float32(mean)) / np.float32(std)).astype(np.float32)
    return session.run(["features"], {"x": x})[0].ravel()


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--onnx", type=Path, required=True)
    p.add_argument("--photos", type=Path, help="folder with the photo sets")
    p.add_argument("--data", type=Path, help="folder with the training archives: measures on their held-out folders")
    p.add_argument("--cache", type=Path, help="folder of prepare.py, with --data")
    p.add_argument("--side", type=int, help="input, pixels, where the file leaves it open")
    p.add_argument("--mean", type=float, default=127.5)
    p.add_argument("--std", type=float, default=127.5)
    p.add_argument("--episodes", type=int, default=600)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(a.onnx, options)
    side = a.side or session.get_inputs()[0].shape[-1]
    if a.data:
        photos = archives.list_photos(a.data, a.seed)
        views = archives.list_views(photos, a.seed)
        held_out = HeldOut(photos, views, np.load(a.cache / "views.npy", mmap_mode="r"))
        squares = [np.asarray(Image.fromarray(v).resize((side, side), Image.Resampling.BILINEAR)) for v in held_out.pixels]
        for name, row in held_out.score(np.stack([embed(session, s, a.mean, a.std) for s in squares]), a.episodes).items():
            print(name, row, flush=True)
    means = []
    for name in SETS if a.photos else ():
        files = sorted((a.photos / name).glob("*/*"))
        embeddings = np.stack([embed(session, square(f, side), a.mean, a.std) for f in files])
        labels = np.unique([f.parent.name for f in files], return_inverse=True)[1]
        row = [episodes.accuracy(embeddings, labels, shots, a.episodes, seed=a.seed) for shots in (1, 5)]
        means.append([mean for mean, _ in row])
        print(name, "1-shot {:.1f} ± {:.1f}, 5-shot {:.1f} ± {:.1f}".format(*row[0], *row[1]), flush=True)
    if means:
        print("mean 1-shot {:.1f}, 5-shot {:.1f}".format(*np.mean(means, 0)))


if __name__ == "__main__":
    main()
