"""Training of an encoder's tail, step by step, as devices do it with tinynn.h."""

from __future__ import annotations

from ctypes import byref, c_float, c_size_t, c_void_p
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ._images import NOT_REDUCED, Image, read
from ._library import Memory, OptimizerStep, TrainingOptions, check, lib
from ._model import Model, Session
from .encoder import Encoder
from .errors import TaskError
from .task import Task

Optimizer = Literal["sgd", "adam"]
OPTIMIZERS: tuple[Optimizer, ...] = ("sgd", "adam")


class Trainer:
    """The tail of an encoder being trained: its operators from a cut to the embedding. For one thread at a time.

    A step is `load` for each slot of the batch, `forward`, a loss for each slot (`prototype_loss`, or one of your own written to
    `gradient`), `backward`, `step`. In the end `adopt_average` and `encoder`.

    Args:
        encoder: An `Encoder`, or what makes one; it stays as it is.
        first_operator: The first operator of the tail, one of `cuts`.
        batch: Photos of one step, 1 to 4096.
        optimizer: "adam", or "sgd" with momentum.
        keeps_average: Whether the moving average of the weights is kept for `adopt_average`.

    Raises:
        Error: The network cannot be cut there, or an option is out of range.
    """

    def __init__(
        self, encoder: Encoder | str, first_operator: int, *, batch: int = 8, optimizer: Optimizer = "adam",
        keeps_average: bool = True,
    ) -> None:  # fmt: skip
        if not isinstance(encoder, Encoder):
            encoder = Encoder(encoder)
        if optimizer not in OPTIMIZERS:
            raise ValueError(f"optimizer is {optimizer!r}; it must be one of {', '.join(OPTIMIZERS)}")
        self._model = encoder._model
        self._name = f"{self._model.name}, operator {first_operator}"
        options = TrainingOptions(first_operator, batch, OPTIMIZERS.index(optimizer), keeps_average)
        size, handle = c_size_t(), c_void_p()
        self._check(lib.tinynn_trainer_required_bytes(self._model.handle, byref(options), byref(size)))
        self._memory = Memory(size.value)
        self._check(
            lib.tinynn_trainer_open(self._memory.address, self._memory.size, self._model.handle, byref(options), byref(handle))
        )
        self._handle = handle.value
        self._session: Session | None = None
        self.batch = batch

    @staticmethod
    def cuts(encoder: Encoder | str) -> list[int]:
        """The operators that a tail can begin at; the last is the smallest tail."""
        model = encoder._model if isinstance(encoder, Encoder) else Encoder(encoder)._model
        return [first for first in range(model.info.operator_count) if _can_cut(model, first)]

    def load(self, slot: int, photo: Image) -> None:
        """Runs the operators before the cut on a photo, of which all pixels are decoded, and puts the result into place `slot`.

        Raises:
            PhotoError: It cannot be read.
        """
        self._model.require_photos()
        if self._session is None:
            self._session = Session(self._model)
        self._session.load(read(photo, NOT_REDUCED))
        self._check(lib.tinynn_trainer_load(self._handle, self._session.handle, slot))

    def cut(self, slot: int) -> NDArray[np.float32]:
        """The tensor at the cut in place `slot`. Copy it, and assign to ``cut(slot)[:]`` what saves loading a photo again."""
        address, count = c_void_p(), c_size_t()
        self._check(lib.tinynn_trainer_cut(self._handle, slot, byref(address), byref(count)))
        return self._memory.floats(address.value or 0, count.value)

    def forward(self) -> None:
        """Runs the tail on the batch."""
        self._check(lib.tinynn_trainer_forward(self._handle))

    def embedding(self, slot: int) -> NDArray[np.float32]:
        """After `forward`: the embedding of place `slot`, until the next call that changes it."""
        return self._embedding(slot)[0]

    def gradient(self, slot: int) -> NDArray[np.float32]:
        """After `forward`: where the derivative of a loss by the embedding of place `slot` is to be written."""
        return self._embedding(slot)[1]

    def _embedding(self, slot: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        values, gradient, count = c_void_p(), c_void_p(), c_size_t()
        self._check(lib.tinynn_trainer_embedding(self._handle, slot, byref(values), byref(gradient), byref(count)))
        embedding = self._memory.floats(values.value or 0, count.value)
        embedding.flags.writeable = False
        return embedding, self._memory.floats(gradient.value or 0, count.value)

    def prototype_loss(self, slot: int, task: Task, name: str) -> float:
        """After `forward`: how far place `slot` is from the prototype of a task's class `name`. Writes the derivative.

        Cross-entropy of the softmax over 10 times the cosines to the prototypes.
        """
        learned, loss = task._learned, c_float()
        if name not in learned.names:
            raise TaskError(f"class {name!r}: no such class; there are {', '.join(learned.names)}")
        classifier = learned.take()
        try:
            index = learned.names.index(name)
            self._check(lib.tinynn_trainer_prototype_loss(self._handle, slot, classifier.handle, index, byref(loss)))
        finally:
            learned.free.append(classifier)
        return loss.value

    def backward(self) -> None:
        """Adds the gradients of all that trains, from the embeddings' gradients, which must have been written for every slot."""
        self._check(lib.tinynn_trainer_backward(self._handle))

    def step(
        self, learning_rate: float, *, momentum: float = 0.9, second_decay: float = 0.999, epsilon: float = 1e-8,
        weight_decay: float = 0, average_decay: float = 0.98, gradient_scale: float = 1,
    ) -> None:  # fmt: skip
        """Updates the weights from the gradients, and clears these.

        Args:
            momentum: Of SGD; the decay of Adam's first moment.
            second_decay: Of Adam's second moment; `epsilon` is added to its root.
            weight_decay: Times the learning rate, the share of the weights, not of biases, that goes.
            average_decay: The share of the old average that stays.
            gradient_scale: One part for each `backward` that was added up.
        """
        options = OptimizerStep(learning_rate, momentum, second_decay, epsilon, weight_decay, average_decay, gradient_scale)
        self._check(lib.tinynn_trainer_step(self._handle, byref(options)))

    def adopt_average(self) -> None:
        """Puts the moving average in place of the weights."""
        self._check(lib.tinynn_trainer_adopt_average(self._handle))

    def encoder(self) -> Encoder:
        """The network as it is now, without statistics: embed the photos again, and learn."""
        size = c_size_t()
        self._check(lib.tinynn_trainer_file_bytes(self._handle, byref(size)))
        file = Memory(size.value)
        self._check(lib.tinynn_trainer_save(self._handle, file.address, file.size, byref(size)))
        return Encoder(file.array[: size.value].tobytes())

    def _check(self, status: int) -> None:
        if status != 0:
            check(status, self._name)


def _can_cut(model: Model, first: int) -> bool:
    options, size = TrainingOptions(first, 1, 0, 0), c_size_t()
    status: int = lib.tinynn_trainer_required_bytes(model.handle, byref(options), byref(size))
    return status == 0
