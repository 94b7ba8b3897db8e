"""Plain fine-tuning, the control for every other method: same start, same updates, no teacher."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch

from xkd_bench.distillers.contract import Distiller, Step, label_loss


class Finetune(Distiller):
    """L = CE(z_S, y), or mean (ẑ_S − y)² for a regression."""

    teacher: ClassVar[Literal["none", "logits", "trace"]] = "none"

    def terms(self, step: Step) -> dict[str, torch.Tensor]:
        return {"label": label_loss(self.card, step.student.logits, step.labels)}
