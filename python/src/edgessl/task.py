"""Tasks: classes learned from a few photos each, and what tells them apart."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from ctypes import Array, byref, c_float, c_size_t, c_void_p
from typing import Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from ._editor import CLASS_LIMIT, EXAMPLE_LIMIT, UNLABELLED_LIMIT, Editor
from ._images import Image, read
from ._library import (
    METHODS,
    TOO_MANY_CLASSES,
    TOO_MANY_EXAMPLES,
    Memory,
    Prediction,
    check,
    classify,
    confidences_of,
    lib,
)  # fmt: skip
from ._model import Model, Session, each, file_bytes
from .encoder import Encoder, photo_list
from .errors import TaskError

Result = TypeVar("Result")
Method = Literal["auto", "prototype", "centred", "power", "lda", "ridge", "logistic", "knn"]


class Answer:
    """What a task says of a photo."""

    __slots__ = ("_confidences", "_names", "confidence", "cosine", "is_unknown", "label", "score", "threshold")

    label: str
    """The most likely class; where `is_unknown`, the nearest one."""
    confidence: float
    """The probability of `label` among the known classes, 0 to 1."""
    is_unknown: bool
    """True where no known class is near enough."""
    cosine: float
    """Of the embedding and the class's prototype."""
    score: float
    """Below `threshold` the photo is unknown."""
    threshold: float

    def __init__(self, prediction: Prediction, names: tuple[str, ...], confidences: Array[c_float]) -> None:
        self.label = names[prediction.class_index]
        self.confidence = prediction.confidence
        self.is_unknown = prediction.is_unknown != 0
        self.cosine = prediction.cosine
        self.score = prediction.score
        self.threshold = prediction.threshold
        self._names = names
        self._confidences = confidences

    @property
    def confidences(self) -> dict[str, float]:
        """The probability of each class, in the task's order."""
        return dict(zip(self._names, self._confidences))

    @property
    def top(self) -> list[tuple[str, float]]:
        """All classes and their probabilities, the most likely first."""
        return sorted(self.confidences.items(), key=lambda pair: -pair[1])

    def __repr__(self) -> str:
        unknown = ", unknown" if self.is_unknown else ""
        return f"Answer({self.label!r}, {self.confidence:.3f}{unknown})"


class Head(NamedTuple):
    """What was learned."""

    method: Method
    is_chosen: bool
    """True where the method was chosen for the photos, not named."""
    scale: float
    threshold: float
    left_out_count: int
    """Photos that were left out to calibrate it, 0 where a class has one."""
    left_out_right: int
    """Those of them that were answered rightly."""


class State(NamedTuple):
    """What a task knew before an edit."""

    classes: dict[str, int]
    """Photos of each class."""


class _Classifier:
    """What one call at a time classifies with."""

    def __init__(self, learned: _Learned) -> None:
        model = learned.model
        self.session = Session(model)
        size, handle = c_size_t(), c_void_p()
        room = (max(2, model.info.class_count), max(2, model.info.example_count))
        check(lib.tinynn_task_required_bytes(model.handle, *room, byref(size)), model.name)
        self._memory = Memory(size.value)
        check(lib.tinynn_task_open(self._memory.address, size.value, model.handle, *room, byref(handle)), model.name)
        self.handle = handle.value
        self._name, self._names = model.name, learned.names
        self._prediction = Prediction()
        self._confidences = c_float * len(learned.names)
        # Converted once: that costs as much as the call.
        self._task, self._count = c_void_p(handle.value), c_size_t(len(learned.names))
        self._embedding = (c_void_p(self.session.embedding), c_size_t(model.dimension))
        self._prediction_pointer = byref(self._prediction)

    def classify(self, image: Image, side: int) -> Answer:
        session = self.session
        if not session.embed_array(image):
            session.embed(read(image, side), 1, session.embedding)
        return self.answer()

    def answer(self) -> Answer:
        """What the task says of the session's embedding."""
        status = classify(self._task, *self._embedding, self._prediction_pointer)
        if status == 0:
            confidences = self._confidences()
            status = confidences_of(self._task, confidences, self._count)
        if status != 0:
            check(status, self._name)
        return Answer(self._prediction, self._names, confidences)


class _Learned:
    """A task file that does not change, and what classifies with it."""

    def __init__(self, file: Memory, name: str) -> None:
        self.model = Model(file, name)
        if self.model.info.class_count == 0:
            raise TaskError(f"{name}: it knows no classes yet; learn some with Task.learn")
        editor = Editor(self.model)
        self.classes = editor.classes()
        self.names = tuple(self.classes)
        self.state_count = editor.state_count()
        self.unlabelled_count = editor.unlabelled_count()
        head = editor.head()
        method = next(name for name, number in METHODS.items() if number == head.method)
        self.head = Head(
            method, head.is_chosen != 0, head.scale, head.threshold, head.left_out_count, head.left_out_right  # type: ignore[arg-type]
        )  # fmt: skip
        #: What nobody classifies with now.
        self.free: list[_Classifier] = []

    def take(self) -> _Classifier:
        """What nobody else classifies with until it is put back."""
        try:
            return self.free.pop()
        except IndexError:
            return _Classifier(self)


class Task:
    """Classes that were learned from a few photos each. Made by `learn` or `load`.

    Any thread may classify, many at a time, and edit: who classifies meanwhile gets the answers of the task before or after. Each
    edit learns anew, as `edgessl classes` does, and keeps what the task knew for `undo`.
    """

    def __init__(self, learned: _Learned) -> None:
        self._learned = learned
        self._lock = threading.Lock()

    @classmethod
    def learn(
        cls, encoder: Encoder | str, photos: Mapping[str, Iterable[Image]], *, unlabelled: Iterable[Image] = (),
        method: Method = "auto", views: int | None = None, threads: int = 1,
    ) -> Task:  # fmt: skip
        """Learns classes; with files, the task file is that of ``edgessl adapt`` with the same method, byte for byte.

        Args:
            encoder: An `Encoder`, or what makes one.
            photos: The photos of each class, at least two classes and one photo each. Copies count once.
            unlabelled: Photos of the same things without labels: they tell which photos look alike. Of more than 500 an evenly
                spread part is taken. Unlike the command, this leaves the encoder as it is.
            method: The head, or "auto" for the one that suits the photos.
            views: 1 to 8 views of each photo whose mean is learned; ``None``: 4 of the only photo of a class, else 2.
            threads: Photos that are decoded and embedded at a time.

        Raises:
            PhotoError: A photo cannot be read.
            TaskError: Fewer than two classes, a class without photos, a name that cannot be one, or a method that this encoder
                cannot learn with.
        """
        if not isinstance(encoder, Encoder):
            encoder = Encoder(encoder)
        _require_method(method)
        model = encoder._model
        lists = {name: photo_list(some) for name, some in photos.items()}
        others = _spread(photo_list(unlabelled))
        editor = Editor(model, len(lists), sum(map(len, lists.values())), len(others))
        known = model.info.class_count > 0
        if known:
            raise TaskError(f"{model.name}: it is a task file; edit it with Task.load, or give its encoder")
        for name, some in lists.items():
            editor.add(name, *model.embed(_photos_of(name, some), _views(views, some), threads))
        if others:
            editor.add_unlabelled(*model.embed(others, 1, threads))
        return cls(_Learned(editor.learn(method), "the task"))

    @classmethod
    def load(cls, source: str | os.PathLike[str] | bytes) -> Task:
        """Opens a task file, as `save` or ``edgessl adapt`` wrote it, or its bytes.

        Raises:
            ModelFileError: It is damaged or no .tnn file.
            TaskError: It is an encoder that knows no classes.
            OSError: It cannot be read.
        """
        return cls(_Learned(*file_bytes(source)))

    # What it knows

    @property
    def classes(self) -> dict[str, int]:
        """Photos of each class, in the order of their names' bytes."""
        return dict(self._learned.classes)

    @property
    def head(self) -> Head:
        """What tells the classes apart."""
        return self._learned.head

    @property
    def unlabelled_count(self) -> int:
        """Photos without labels that the task keeps, as numbers."""
        return self._learned.unlabelled_count

    @property
    def encoder(self) -> Encoder:
        """The task's encoder."""
        return Encoder(self.to_bytes())

    @property
    def history(self) -> list[State]:
        """What the task knew before its last edits, the newest last; `undo` goes back to that."""
        learned = self._learned

        def states(editor: Editor) -> list[State]:
            found = []
            for _ in range(learned.state_count):
                editor.undo()
                found.append(State(editor.classes()))
            return found[::-1]

        return _edited(learned, states)[1]

    # Answers

    def classify(self, photo: Image) -> Answer:
        """What is on a photo.

        Raises:
            PhotoError: It cannot be read.
        """
        learned = self._learned
        classifier = learned.take()
        try:
            return classifier.classify(photo, learned.model.decoded_side)
        finally:
            learned.free.append(classifier)

    def classify_many(self, photos: Iterable[Image], *, threads: int = 1) -> list[Answer]:
        """What is on several photos, in their order, so many at a time.

        Raises:
            PhotoError: One of them cannot be read.
        """
        return each(photo_list(photos), self.classify, threads)

    def classify_embedding(self, embedding: ArrayLike) -> Answer:
        """What an embedding says, [dimension], as the task's encoder gave it."""
        learned = self._learned
        row = np.ascontiguousarray(embedding, np.float32)
        if row.shape != (learned.model.dimension,):
            raise TaskError(f"an embedding of shape {row.shape}; this encoder's are ({learned.model.dimension},)")
        classifier = learned.take()
        try:
            classifier.session.set_embedding(row)
            return classifier.answer()
        finally:
            learned.free.append(classifier)

    # Edits

    def add(self, name: str, photos: Iterable[Image] | Image, *, views: int | None = None, threads: int = 1) -> int:
        """Adds photos to a class, which is made if it is not there. Returns how many were new."""
        some = photo_list(photos)
        embedded = self._learned.model.embed(_photos_of(name, some), _views(views, some), threads)
        return self._edit(lambda editor: editor.add(name, *embedded), 1, len(some))

    def remove(self, name: str) -> None:
        """Removes a class and its photos; two classes must remain."""
        self._edit(lambda editor: editor.remove(name))

    def rename(self, old: str, new: str) -> None:
        """Renames a class."""
        self._edit(lambda editor: editor.rename(old, new))

    def merge(self, other: Task) -> int:
        """Adds what another task learned with the same encoder, in any order the same task. Returns how many photos were new."""
        model = other._learned.model
        return self._edit(lambda editor: editor.merge(model), model.info.class_count, model.info.example_count)

    def add_unlabelled(self, photos: Iterable[Image], *, threads: int = 1) -> int:
        """Adds photos without labels to learn with, as far as there is room for 500. Returns how many the task keeps."""
        some = photo_list(photos)[: UNLABELLED_LIMIT - self.unlabelled_count]
        embedded = self._learned.model.embed(some, 1, threads)

        def change(editor: Editor) -> int:
            editor.add_unlabelled(*embedded)
            return editor.unlabelled_count()

        return self._edit(change, unlabelled=len(some))

    def forget_unlabelled(self) -> None:
        """Forgets the photos without labels."""
        self._edit(Editor.forget_unlabelled)

    def undo(self) -> None:
        """Goes back to what the task knew before its last edit; photos without labels stay.

        Raises:
            TaskError: There is nothing to undo.
        """
        self._edit(Editor.undo, keeps_state=False)

    def relearn(self, method: Method) -> None:
        """Learns another head from the same photos."""
        _require_method(method)
        self._edit(lambda editor: None, method=method, keeps_state=False)

    def _edit(
        self, change: Callable[[Editor], int | None], classes: int = 0, examples: int = 0, unlabelled: int = 0,
        method: Method | None = None, keeps_state: bool = True,
    ) -> int:  # fmt: skip
        with self._lock:
            learned = self._learned

            def keep_and_change(editor: Editor) -> int | None:
                if keeps_state:
                    editor.keep_state()
                return change(editor)

            editor, result = _edited(learned, keep_and_change, classes, examples, unlabelled)
            head = learned.head
            named: Method = method or ("auto" if head.is_chosen else head.method)
            self._learned = _Learned(editor.learn(named), learned.model.name)
            return result or 0

    # Files

    def to_bytes(self) -> bytes:
        """The task file, which holds the encoder, too."""
        return self._learned.model.file.array.tobytes()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the task file, which the command and devices read, all of it or nothing.

        Raises:
            OSError: It cannot be written.
        """
        folder = os.path.dirname(os.path.abspath(path))
        descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".edgessl-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(self._learned.model.file.array.data)
                file.flush()
                os.fsync(file.fileno())
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(temporary, 0o666 & ~mask)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise

    def __reduce__(self) -> tuple[Callable[[bytes], Task], tuple[bytes]]:
        return Task.load, (self.to_bytes(),)

    def __repr__(self) -> str:
        return f"Task({', '.join(self.classes)}; {self.head.method})"


def _edited(
    learned: _Learned, change: Callable[[Editor], Result], classes: int = 0, examples: int = 0, unlabelled: int = 0
) -> tuple[Editor, Result]:
    """The task with a change, which is tried with more room where an earlier state needs it."""
    while True:
        editor = Editor(learned.model, classes, examples, unlabelled)
        try:
            return editor, change(editor)
        except TaskError as error:
            room = (learned.model.info.class_count + classes, learned.model.info.example_count + examples)
            if error.status == TOO_MANY_CLASSES and room[0] < CLASS_LIMIT:
                classes = min(CLASS_LIMIT, 2 * room[0]) - learned.model.info.class_count
            elif error.status == TOO_MANY_EXAMPLES and room[1] < EXAMPLE_LIMIT:
                examples = min(EXAMPLE_LIMIT, 2 * room[1]) - learned.model.info.example_count
            else:
                raise


def _require_method(method: str) -> None:
    if method not in METHODS:
        raise ValueError(f"method is {method!r}; it must be one of {', '.join(METHODS)}")


def _photos_of(name: str, photos: list[Image]) -> list[Image]:
    if not photos:
        raise TaskError(f"class {name!r}: no photos; give at least one")
    return photos


def _views(views: int | None, photos: list[Image]) -> int:
    return views if views is not None else 4 if len(photos) == 1 else 2


def _spread(photos: list[Image]) -> list[Image]:
    """At most as many as a task keeps, evenly spread."""
    count = len(photos)
    return [photos[index * count // UNLABELLED_LIMIT] for index in range(UNLABELLED_LIMIT)] if count > UNLABELLED_LIMIT else photos
