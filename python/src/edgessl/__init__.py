"""Few-shot image classification with the engine of edgessl: the same bits as the command and as devices.

>>> import edgessl
>>> encoder = edgessl.Encoder("edge-s")
>>> task = edgessl.Task.learn(encoder, {"gear": gears, "nut": nuts})  # doctest: +SKIP
>>> task.classify("photo.jpg").label  # doctest: +SKIP
'gear'
"""

from __future__ import annotations

from ._images import Image
from ._library import status_text
from .command import import_onnx, quantize
from .encoder import Encoder, shipped_encoders
from .errors import CommandError, Error, ModelFileError, PhotoError, TaskError
from .task import Answer, Head, Method, State, Task
from .trainer import Optimizer, Trainer

__version__ = "1.0.0"
__all__ = [
    "Answer",
    "CommandError",
    "Encoder",
    "Error",
    "Head",
    "Image",
    "Method",
    "ModelFileError",
    "Optimizer",
    "PhotoError",
    "State",
    "Task",
    "TaskError",
    "Trainer",
    "import_onnx",
    "quantize",
    "shipped_encoders",
    "status_text",
]
