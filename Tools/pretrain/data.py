"""Photos of the pretraining archives, their crops ("views") and the teacher's embedding of every view.

Everything is computed once and kept in a cache folder as .npy files:
  photos_<archive>.npy   uint8 [photos, side, side, 3], centre square of each photo
  views_104.npy          uint8 [views, 104, 104, 3], the crop before the student's augmentation
  teacher.npy            float16 [views, 1280], the teacher's embedding of the same crop
  done.txt               number of views finished; the work resumes there
"""
import io
import os
import time
import zipfile

import numpy as np
import onnx
import onnxruntime
from PIL import Image

# name of the archive, side of its square photos in pixels, crops per photo
ARCHIVES = (("tiny_imagenet_40k", 64, 1), ("imagenette_128", 128, 3), ("caltech61_128", 128, 3))
HELD_OUT = {"tiny_imagenet_40k": 15, "imagenette_128": 0, "caltech61_128": 12}
SIZES = (104,)
TEACHER_PX = 160


def archive_photos(path):
    """Names and class names of the JPEG files of an archive, sorted."""
    with zipfile.ZipFile(path) as z:
        names = sorted(n for n in z.namelist() if n.lower().endswith((".jpg", ".jpeg")))
    return names, [n.split("/")[-2] for n in names]


def held_out_classes(archive, classes, seed=0):
    """The validation classes of the archive of this index."""
    names = sorted(set(classes))
    return set(np.random.default_rng([seed, archive]).permutation(names)[:HELD_OUT[ARCHIVES[archive][0]]].tolist())


def centre_square(image, side):
    image = image.convert("RGB")
    w, h = image.size
    if (w, h) == (side, side):
        return image
    m = min(w, h)
    box = ((w - m) / 2, (h - m) / 2, (w + m) / 2, (h + m) / 2)
    return image.resize((side, side), Image.BILINEAR, box=box)


class Photos:
    """All archives as one list. `pixels(i)` is a uint8 square; `label[i]` an index into `classes`.

    `held_out[i]` is true for photos of the validation classes, which no training step sees.
    """

    def __init__(self, data, cache, seed=0):
        os.makedirs(cache, exist_ok=True)
        self.arrays, archive, local, names, labels, held = [], [], [], [], [], []
        for a, (name, side, _) in enumerate(ARCHIVES):
            path = os.path.join(data, name + ".zip")
            files, classes = archive_photos(path)
            kept = os.path.join(cache, f"photos_{name}.npy")
            if not os.path.exists(kept):
                out = np.empty((len(files), side, side, 3), np.uint8)
                with zipfile.ZipFile(path) as z:
                    for i, f in enumerate(files):
                        out[i] = np.asarray(centre_square(Image.open(io.BytesIO(z.read(f))), side))
                np.save(kept + ".part.npy", out)
                os.replace(kept + ".part.npy", kept)
            self.arrays.append(np.load(kept, mmap_mode="r"))
            chosen = held_out_classes(a, classes, seed)
            archive += [a] * len(files)
            local += range(len(files))
            names += [f"{name}.zip/{f}" for f in files]
            labels += classes
            held += [c in chosen for c in classes]
        # A class that is held out in one archive is held out in all.
        out = {c for c, h in zip(labels, held) if h}
        self.held_out = np.array([c in out for c in labels])
        self.classes, self.label = np.unique(labels, return_inverse=True)
        self.archive, self.local, self.names = np.array(archive), np.array(local), names

    def pixels(self, i):
        return self.arrays[self.archive[i]][self.local[i]]


def list_views(photos, seed=0):
    """(photo, crop number) of every view in order of computation: all first crops, shuffled, then all second ones."""
    rng = np.random.default_rng([seed, 100])
    crops = np.array([a[2] for a in ARCHIVES])[photos.archive]
    rows = []
    for k in range(crops.max()):
        who = np.flatnonzero((crops > k) & ~photos.held_out)
        rows.append(np.stack([rng.permutation(who), np.full(len(who), k)], 1))
    return np.concatenate(rows)


def crop_box(photo, k, side, seed=0):
    """The k-th crop of a photo: the whole square for k = 0, else 0.3 to 0.9 of its area, aspect 3/4 to 4/3."""
    if k == 0:
        return (0, 0, side, side)
    rng = np.random.default_rng([seed, 200, int(photo), int(k)])
    area, aspect = rng.uniform(0.3, 0.9), np.exp(rng.uniform(-1, 1) * np.log(4 / 3))
    w, h = (min(side, side * np.sqrt(area * q)) for q in (aspect, 1 / aspect))
    x, y = rng.uniform(0, side - w), rng.uniform(0, side - h)
    return (x, y, x + w, y + h)


def teacher_session(path):
    """The teacher with free height and width, on one thread."""
    model = onnx.load(path)
    dim = model.graph.input[0].type.tensor_type.shape.dim
    dim[2].dim_param, dim[3].dim_param = "H", "W"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def teacher_classifier(path):
    """Weight [1001, 1280] and bias [1001] of the teacher's last layer."""
    tensors = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}
    weight = next(t for t in tensors.values() if t.ndim >= 2 and t.shape[0] == 1001)
    bias = next(t for t in tensors.values() if t.shape == (1001,))
    return weight.reshape(1001, -1), bias


def prepare(photos, cache, teacher_path, seed=0):
    """Computes what is missing of the views and the teacher's embeddings; prints progress."""
    views = list_views(photos, seed)
    n = len(views)
    paths = {px: os.path.join(cache, f"views_{px}.npy") for px in SIZES}
    paths["teacher"] = os.path.join(cache, "teacher.npy")
    counter = os.path.join(cache, "done.txt")
    done = int(open(counter).read()) if os.path.exists(counter) else 0
    shapes = {px: ((n, px, px, 3), np.uint8) for px in SIZES} | {"teacher": ((n, 1280), np.float16)}
    maps = {}
    for key, (shape, kind) in shapes.items():
        if done == 0:
            maps[key] = np.lib.format.open_memmap(paths[key], "w+", kind, shape)
        else:
            maps[key] = np.load(paths[key], mmap_mode="r+")
            if maps[key].shape != shape:
                raise SystemExit(f"{paths[key]}: made from other photos; remove the cache folder")
    session = teacher_session(teacher_path)
    start, first = time.time(), done
    for v in range(done, n):
        photo, k = views[v]
        pixels = photos.pixels(photo)
        image = Image.fromarray(np.asarray(pixels))
        box = crop_box(photo, k, pixels.shape[0], seed)
        for px in SIZES:
            maps[px][v] = np.asarray(image.resize((px, px), Image.BILINEAR, box=box))
        x = np.asarray(image.resize((TEACHER_PX, TEACHER_PX), Image.BILINEAR, box=box), np.float32)
        x = (x.transpose(2, 0, 1)[None] - 127) * np.float32(0.0078431)
        maps["teacher"][v] = session.run(["features"], {"x": x})[0][0]
        if (v + 1) % 1000 == 0 or v + 1 == n:
            with open(counter + ".part", "w") as f:
                f.write(str(v + 1))
            os.replace(counter + ".part", counter)
            left = (time.time() - start) / (v + 1 - first) * (n - v - 1)
            print(f"views and teacher {v + 1}/{n}, {left / 60:.1f} min left", flush=True)
    return views
