"""What a distiller is: named loss terms of one batch, and what it needs to compute them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from pydantic import BaseModel, ConfigDict, ValidationError

from xkd_bench.errors import BadInputError
from xkd_bench.models.trace import Trace, Watch
from xkd_bench.tasks.card import TaskCard


class Settings(BaseModel):
    """A distiller's own settings, checked when it is made. Values from the command line arrive as text."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Step:
    """One batch as a distiller sees it.

    labels: (B,) class indices or targets. mask: (B, n), 1 for real tokens, None for images. epoch counts from 0.
    teacher: None for a method without one; only its logits where `teacher = "logits"`. Where embedding gradients are
    watched it carries a graph down to the teacher's embeddings: detach what the loss only compares with.
    """

    labels: torch.Tensor
    mask: torch.Tensor | None
    student: Trace
    teacher: Trace | None
    epoch: float
    epochs: int

    @property
    def teacher_logits(self) -> torch.Tensor:
        if self.teacher is None:
            raise ValueError("this method was given no teacher")
        return self.teacher.logits


class Distiller(ABC):
    """A method. Subclasses set the class attributes and define `terms`; the loss is the sum of the terms.

    teacher: `none`; `logits` (computed once per training example, then looked up); `trace` (a teacher forward in every
    step, frozen and in eval mode, with what `watch` asks for). watch: what to keep of both models' forwards.
    """

    teacher: ClassVar[Literal["none", "logits", "trace"]] = "logits"
    watch: ClassVar[Watch] = Watch()
    settings_type: ClassVar[type[Settings]] = Settings

    def __init__(self, card: TaskCard, settings: Mapping[str, Any]) -> None:
        """Raises `BadInputError` for a setting that does not exist or cannot be, before any data is loaded."""
        self.card = card
        try:
            self.settings: Any = self.settings_type.model_validate(dict(settings))
        except ValidationError as error:
            problem = error.errors()[0]
            raise BadInputError(
                where=f"setting {'.'.join(str(part) for part in problem['loc']) or 'of the method'}",
                expected=f"one of {', '.join(self.settings_type.model_fields) or 'no settings'}",
                found=problem["msg"],
                fix="see `xkd-bench distillers show` for the method's settings",
            ) from None

    @abstractmethod
    def terms(self, step: Step) -> dict[str, torch.Tensor]:
        """Weighted scalar terms by name, each logged; their sum is minimised."""


def label_loss(card: TaskCard, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """CE(z, y) for classes, mean (ẑ − y)² for a regression; in fp32."""
    if card.kind == "regression":
        return torch.nn.functional.mse_loss(logits.float()[:, 0], labels.float())
    return torch.nn.functional.cross_entropy(logits.float(), labels)
