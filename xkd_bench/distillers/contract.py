"""What a distiller is: named loss terms of one batch, and what it needs of teacher and student to compute them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import Tensor, nn

from xkd_bench.distillers.pairing import Needs, Pairing
from xkd_bench.errors import BadInputError
from xkd_bench.models.blocks import wide
from xkd_bench.models.trace import Instead, Trace, Watch
from xkd_bench.tasks.card import TaskCard

TeacherUse = Literal["none", "logits", "trace"]
Objective = Literal["task", "masked_lm"]


class Settings(BaseModel):
    """A distiller's own settings, checked when it is made. Values from the command line arrive as text."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Stage:
    """A part of the training with a loss of its own: its share of the updates, a fresh optimiser and a fresh schedule.

    decay: the learning rate falls to 0 within the stage; without, it stays.
    """

    name: str = "all"
    share: float = 1.0
    decay: bool = True


@dataclass(frozen=True)
class Declaration:
    """What of a method could raise a score without better reasons; it goes into the lineage of what is made.

    explainers: names of explainers (or of what they read) that the loss matches. augmentation: how training inputs were
    added or changed. masks_inputs: whether the student saw inputs with parts masked or removed.
    """

    explainers: tuple[str, ...] = ()
    augmentation: tuple[str, ...] = ()
    masks_inputs: bool = False


class Again(ABC):
    """One of the two models, ready to run on the same batch once more."""

    @abstractmethod
    def __call__(self, watch: Watch = Watch(), instead: Instead | None = None, dropout: bool | None = None) -> Trace:  # noqa: B008
        """A forward with parts replaced. dropout: on or off for this forward; None leaves it as it is."""

    @abstractmethod
    def blank_embeddings(self) -> Tensor:
        """(B, n, d): embedding output of padding at the same positions and segments; for pixels, of a blank image."""


@dataclass(frozen=True)
class Step:
    """One batch as a distiller sees it.

    labels: (B,) class indices or targets; of masked-LM training (B, n) token ids before masking, −100 at padding, and
    asked (B, n) says which were chosen to be guessed. mask: (B, n), 1 for real tokens of the student's input, None for
    images. units: (B, n), 1 for tokens that are words or patches, 0 for special ones and padding, without a
    distillation token. teacher: None for a method without one; only its logits where `teacher = "logits"`. Where
    embedding gradients are watched it carries a graph down to the teacher's embeddings: detach what the loss only
    compares with. epoch counts from 0, stage says which part of `stages()` this is, draw gives random numbers of this
    update alone.
    """

    labels: Tensor
    mask: Tensor | None
    student: Trace
    teacher: Trace | None
    epoch: float
    epochs: int
    stage: Stage = Stage()
    units: Tensor | None = None
    asked: Tensor | None = None
    draw: np.random.Generator = field(default_factory=np.random.default_rng)
    student_again: Again | None = None
    teacher_again: Again | None = None

    @property
    def teacher_logits(self) -> Tensor:
        return self.teacher_trace.logits

    @property
    def teacher_trace(self) -> Trace:
        if self.teacher is None:
            raise ValueError("this method was given no teacher")
        return self.teacher


class Distiller(nn.Module, ABC):
    """A method. Subclasses set the class attributes and define `terms`; the loss is the sum of the terms.

    teacher: `none`; `logits` (computed once per training example, then looked up); `trace` (a teacher forward in every
    step, frozen and in eval mode, with what `watch` asks for). watch: what to keep of both models' forwards. Weights of
    its own (a projection) are ordinary submodules: they train with the student and are left behind at the end.
    """

    teacher: TeacherUse = "logits"
    watch: Watch = Watch()
    settings_type: ClassVar[type[Settings]] = Settings

    def __init__(self, card: TaskCard, settings: Mapping[str, Any], pairing: Pairing) -> None:
        """Raises `BadInputError` for a setting that cannot be or models that do not fit, before any data is loaded."""
        super().__init__()
        self.card, self.pairing = card, pairing
        self.settings: Any = self.read_settings(settings)
        self.objective = self.objective_of(self.settings)
        if self.teacher != "none":
            self.needs().check(card, pairing)

    @classmethod
    def read_settings(cls, settings: Mapping[str, Any]) -> Settings:
        """The method's settings with defaults. Raises `BadInputError` for one that does not exist or cannot be."""
        try:
            return cls.settings_type.model_validate(dict(settings))
        except ValidationError as error:
            problem = error.errors()[0]
            raise BadInputError(
                where=f"setting {'.'.join(str(part) for part in problem['loc']) or 'of the method'}",
                expected=f"one of {', '.join(cls.settings_type.model_fields) or 'no settings'}",
                found=problem["msg"],
                fix="see `xkd-bench distillers show` for the method's settings",
            ) from None

    @classmethod
    def objective_of(cls, settings: Any) -> Objective:
        """Whether models answer the task, or are masked-language models that learn from the task's texts."""
        return "task"

    def needs(self) -> Needs:
        """What must hold of teacher and student, given the settings."""
        return Needs()

    def stages(self) -> tuple[Stage, ...]:
        """The parts of the training, their shares adding up to 1."""
        return (Stage(),)

    def finished(self, stage: Stage, means: Mapping[str, float]) -> bool:
        """Whether a stage may end before its share is used up, from the means of its terms since the last log line; its
        updates then go to the last stage."""
        return False

    def declares(self) -> Declaration:
        """What of this could raise a score without better reasons."""
        return Declaration()

    def observed(self, step: Step) -> dict[str, Tensor]:
        """Further scalars to log that are not minimised; no gradient is kept."""
        return {}

    @abstractmethod
    def terms(self, step: Step) -> dict[str, Tensor]:
        """Weighted scalar terms by name, each logged; their sum is minimised. Called in fp32, outside autocast."""


def label_loss(card: TaskCard, logits: Tensor, labels: Tensor) -> Tensor:
    """CE(z, y) for classes, mean (ẑ − y)² for a regression; in fp32."""
    if card.kind == "regression":
        return nn.functional.mse_loss(wide(logits)[:, 0], labels.to(wide(logits).dtype))
    return nn.functional.cross_entropy(wide(logits), labels)
