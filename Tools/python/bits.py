"""Checksums of what the package makes of the demo's photos, to compare machines: bits.py PIXELS.npz OUTPUT.txt

Arrays, not files, are compared: the libjpegs of two systems may differ. bits.py --pixels PIXELS.npz decodes them.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TextIO

import numpy as np

PARTS = Path(__file__).resolve().parents[2] / "Examples" / "parts"
METHODS = ("auto", "prototype", "centred", "lda", "ridge", "logistic", "knn")


def decode(path: str) -> None:
    import PIL.Image

    files = sorted(PARTS.glob("*/*/*.jpg"))
    np.savez(path, **{str(file.relative_to(PARTS)): np.asarray(PIL.Image.open(file).convert("RGB")) for file in files})


def compute(path: str, output: TextIO) -> None:
    import edgessl

    def add(what: str, data: bytes) -> None:
        print(what, hashlib.sha256(data).hexdigest()[:32], file=output, flush=True)

    parts: dict[str, dict[str, list[np.ndarray]]] = {}
    with np.load(path) as pixels:
        for name in pixels.files:
            kind, label, _ = name.split("/")
            parts.setdefault(kind, {}).setdefault(label, []).append(pixels[name])
    support, queries = parts["support"], [photo for some in parts["query"].values() for photo in some]
    for encoder in edgessl.shipped_encoders():
        add(f"embeddings {encoder}", edgessl.Encoder(encoder).embed(queries).tobytes())
    encoder = edgessl.Encoder("edge-xs-int8")
    for method in METHODS:
        task = edgessl.Task.learn(encoder, support, method=method, unlabelled=queries if method == "auto" else ())
        add(f"task {method}", task.to_bytes())
        task.add("gear", queries[:3])
        add(f"added {method}", task.to_bytes())
        task.rename("gear", "cog")
        add(f"renamed {method}", task.to_bytes())
        task.undo()
        add(f"undone {method}", task.to_bytes())
        answers = task.classify_many(queries)
        add(f"answers {method}", repr([(answer.label, answer.score, answer.top) for answer in answers]).encode())

    task = edgessl.Task.learn("edge-s", support, method="prototype")
    trainer = edgessl.Trainer(task.encoder, edgessl.Trainer.cuts(task.encoder)[-4], batch=len(support))
    for slot, photos in enumerate(support.values()):
        trainer.load(slot, photos[0])
    for _ in range(3):
        trainer.forward()
        for slot, name in enumerate(support):
            trainer.prototype_loss(slot, task, name)
        trainer.backward()
        trainer.step(1e-3)
    trainer.adopt_average()
    add("trained edge-s", trainer.encoder().to_bytes())


def main() -> None:
    if sys.argv[1] == "--pixels":
        decode(sys.argv[2])
        return
    with open(sys.argv[2], "w") as output:
        compute(sys.argv[1], output)


if __name__ == "__main__":
    main()
