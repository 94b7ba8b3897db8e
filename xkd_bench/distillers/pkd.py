"""Patient distillation: the [CLS] states of inner blocks, beside the answers (Sun et al. 2019)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from xkd_bench.distillers.contract import Distiller, Settings, Step, TeacherUse
from xkd_bench.distillers.matching import last, uniform, unit_length, width_map
from xkd_bench.distillers.pairing import Needs
from xkd_bench.distillers.soft_targets import SoftTargetSettings, Variant, answer_terms
from xkd_bench.models.blocks import wide
from xkd_bench.models.trace import Watch


class PKDSettings(SoftTargetSettings):
    """beta: weight of the patient term. blocks: `skip` matches block l with l·L_T/L_S, `last` with L_T − L_S + l.

    dim_reduction: `mean` over the d dimensions, as the released code, or `sum`, as the paper; β_mean = d·β_sum.
    """

    variant: Variant = "deit_legacy"
    temperature: Annotated[float, Field(gt=0)] = 10.0
    beta: Annotated[float, Field(ge=0)] = 100.0
    blocks: Literal["skip", "last"] = "skip"
    dim_reduction: Literal["mean", "sum"] = "mean"


class PKD(Distiller):
    """L = (1 − α) CE + α K + β (1/(B·J)) Σ_b Σ_{l < L_S} ‖û_S^l − û_T^{g(l)}‖², û the unit-length state of [CLS].

    Only [CLS] is read, so tokenizers may differ. Where widths differ a learned linear map, one for all blocks, takes
    the student's states to the teacher's width.
    """

    teacher: TeacherUse = "trace"
    watch = Watch(hidden_states=True)
    settings_type: ClassVar[type[Settings]] = PKDSettings

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.projection = width_map(self.pairing)

    def needs(self) -> Needs:
        return Needs(whole_ratio=self.settings.blocks == "skip", least_student_blocks=2)

    def terms(self, step: Step) -> dict[str, Tensor]:
        settings: PKDSettings = self.settings
        terms = answer_terms(self.card, settings, step)
        ours, theirs = step.student.hidden_states, step.teacher_trace.hidden_states
        assert ours is not None
        assert theirs is not None
        places = (uniform if settings.blocks == "skip" else last)(len(ours) - 1, len(theirs) - 1)
        distances = []
        for block, teacher_block in enumerate(places[:-1], 1):
            student = unit_length(self.projection(wide(ours[block][:, 0])))
            teacher = unit_length(wide(theirs[teacher_block][:, 0]).detach())
            distances.append((student - teacher).square())
        patient = torch.stack(distances)  # (J, B, d)
        patient = patient.mean() if settings.dim_reduction == "mean" else patient.sum(dim=-1).mean()
        return {**terms, "patient": settings.beta * patient}
