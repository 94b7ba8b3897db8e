"""Plain fine-tuning, the control for every other method: same start, same updates, no teacher."""

from __future__ import annotations

from torch import Tensor

from xkd_bench.distillers.contract import Distiller, Step, TeacherUse, label_loss


class Finetune(Distiller):
    """L = CE(z_S, y), or mean (ẑ_S − y)² for a regression."""

    teacher: TeacherUse = "none"

    def terms(self, step: Step) -> dict[str, Tensor]:
        return {"label": label_loss(self.card, step.student.logits, step.labels)}
