"""Computes the cache of train.py ahead of time (train.py does it by itself when it is missing)."""
import argparse

import data

if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--data", required=True, help="folder with the pretraining archives")
    p.add_argument("--teacher", required=True, help="mobilenet_v2_1.0_224.onnx")
    p.add_argument("--cache", required=True)
    p.add_argument("--seed", type=int, default=0)
    a = p.parse_args()
    photos = data.Photos(a.data, a.cache, a.seed)
    print(f"{len(photos.names)} photos, {int(photos.held_out.sum())} held out for validation")
    data.prepare(photos, a.cache, a.teacher, a.seed)
