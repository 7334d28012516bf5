"""The three teachers and the target that the student learns from them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from PIL import Image


@dataclass(frozen=True)
class Teacher:
    file: str
    side: int  # input, pixels
    mean: float
    scale: float  # input = (rgb - mean) * scale
    width: int  # of `features`
    weight: float  # of its l2-normalised features in the target


TEACHERS = (
    Teacher("efficientnet_lite2.onnx", 160, 127, 1 / 128, 1280, 1.0),
    Teacher("mobilenet_v2_1.0_224.onnx", 160, 127, 0.0078431, 1280, 1.0),
    Teacher("mcunet_5fps.onnx", 128, 127.5, 1 / 127.5, 160, 0.7),
)


class Session:
    """One teacher in ONNX Runtime on one thread, for batches of any size."""

    def __init__(self, folder: Path, teacher: Teacher) -> None:
        model = onnx.load(folder / teacher.file)
        for axis, name in ((0, "N"), (2, "H"), (3, "W")):
            model.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = name
            for output in model.graph.output:
                if axis == 0:
                    output.type.tensor_type.shape.dim[0].dim_param = name
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(model.SerializeToString(), options)
        self.teacher = teacher

    def features(self, views: np.ndarray) -> np.ndarray:
        """uint8 [n, s, s, 3] -> float32 [n, width]."""
        side = self.teacher.side
        if views.shape[1] != side:
            resized = [Image.fromarray(v).resize((side, side), Image.Resampling.BILINEAR) for v in views]
            views = np.stack([np.asarray(v) for v in resized])
        x = (views.transpose(0, 3, 1, 2).astype(np.float32) - np.float32(self.teacher.mean)) * np.float32(self.teacher.scale)
        return self.session.run(["features"], {"x": x})[0].reshape(len(views), -1)
