"""Few-shot accuracy of an ONNX encoder on folders of photos (one folder per class): NumPy and ONNX Runtime alone.

    python evaluate.py --onnx ../../models/edge-s/edge-s.onnx --photos ../../../shared/data/photos

5-way, 15 queries, cosine prototypes; mean and 95 % confidence interval over the episodes.
"""
import argparse
import json
import os

import numpy as np
import onnxruntime
from PIL import Image

import episodes

SETS = ("caltech20", "flowers5", "neu_det", "trashnet")


def square(path, px, fraction):
    """The centre square of `fraction` of the short side, bilinear, uint8 [px, px, 3]."""
    with Image.open(path) as image:
        image = image.convert("RGB")
        w, h = image.size
        m = min(w, h) * fraction
        box = ((w - m) / 2, (h - m) / 2, (w + m) / 2, (h + m) / 2)
        return np.asarray(image.resize((px, px), Image.BILINEAR, box=box))


def embed(session, folder, px, a):
    rows, labels = [], []
    for c, name in enumerate(sorted(os.listdir(folder))):
        for f in sorted(os.listdir(os.path.join(folder, name))):
            x = square(os.path.join(folder, name, f), px, a.crop_fraction).astype(np.float32)
            x = (x.transpose(2, 0, 1)[None] - a.mean) / a.std
            rows.append(session.run([a.output], {session.get_inputs()[0].name: x.astype(np.float32)})[0].ravel())
            labels.append(c)
    return np.stack(rows), np.array(labels)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--onnx", required=True)
    p.add_argument("--photos", required=True, help="folder with the photo sets")
    p.add_argument("--sets", nargs="+", default=SETS)
    p.add_argument("--episodes", type=int, default=600)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--px", type=int, help="needed where the model's height and width are free")
    p.add_argument("--output", default="features")
    p.add_argument("--mean", type=float, default=127.5)
    p.add_argument("--std", type=float, default=127.5)
    p.add_argument("--crop-fraction", type=float, default=1.0)
    a = p.parse_args()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(a.onnx, options)
    px = a.px or session.get_inputs()[0].shape[-1]
    means = []
    for name in a.sets:
        e, labels = embed(session, os.path.join(a.photos, name), px, a)
        row = {f"{s}-shot": [round(v, 1) for v in episodes.accuracy(e, labels, s, a.episodes, seed=a.seed)]
               for s in (1, 5)}
        means.append([row["1-shot"][0], row["5-shot"][0]])
        print(name, json.dumps(row), flush=True)
    print("mean 1-shot {:.1f}, 5-shot {:.1f}".format(*np.mean(means, 0)))


if __name__ == "__main__":
    main()
