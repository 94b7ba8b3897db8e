"""Distillation from internal representations: attention and [CLS] states, all at once or block by block from below
(Aguilar et al. 2020)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field
from torch import Tensor

from xkd_bench.distillers.contract import Declaration, Distiller, Settings, Stage, Step, TeacherUse
from xkd_bench.distillers.matching import attention_divergence, cosine_distance, real_tokens, uniform, width_map
from xkd_bench.distillers.pairing import Needs
from xkd_bench.distillers.soft_targets import SoftTargetSettings, answer_terms
from xkd_bench.models.blocks import wide
from xkd_bench.models.trace import Watch

ANSWERS = "answers"


class InternalKDSettings(SoftTargetSettings):
    """schedule: `all` matches every block and the answers at every step; `PID` one block after the other, then the
    answers; `SID` the blocks up to the current one, then the answers. Stages share the updates equally.

    attention_weight, cosine_weight: of KL(A_T ‖ A_S) and 1 − cos of [CLS]. advance_below: a stage of `PID` or `SID`
    ends early once its block's mean cosine term falls below this; 0 never.
    """

    alpha: Annotated[float, Field(ge=0, le=1)] = 1.0
    temperature: Annotated[float, Field(gt=0)] = 1.0
    schedule: Literal["all", "PID", "SID"] = "SID"
    attention_weight: Annotated[float, Field(ge=0)] = 1.0
    cosine_weight: Annotated[float, Field(ge=0)] = 1.0
    advance_below: Annotated[float, Field(ge=0)] = 0.0


class InternalKD(Distiller):
    """L_int^l = w_kl KL(A_T^{g(l)} ‖ A_S^l) + w_cos (1 − cos(h_S^l[CLS], h_T^{g(l)}[CLS])), g(l) = l·L_T/L_S, and
    L_answers = (1 − α) CE + α K. `all`: their sum; progressive schedules: a stage a block, a last one for the answers.

    Where widths differ a learned linear map, one for all blocks, takes the student's states to the teacher's width. In
    the last stage the representation may drift: the log keeps the attention divergence of all blocks there.
    """

    teacher: TeacherUse = "trace"
    watch = Watch(hidden_states=True, attention_scores=True)
    settings_type: ClassVar[type[Settings]] = InternalKDSettings

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.projection = width_map(self.pairing)

    def needs(self) -> Needs:
        return Needs(same_tokens=True, same_heads=True, whole_ratio=True)

    def declares(self) -> Declaration:
        return Declaration(explainers=("attention",))

    def stages(self) -> tuple[Stage, ...]:
        if self.settings.schedule == "all":
            return (Stage(),)
        blocks = self.pairing.student.blocks
        share = 1 / (blocks + 1)
        return (*(Stage(str(block), share) for block in range(1, blocks + 1)), Stage(ANSWERS, share))

    def finished(self, stage: Stage, means: Mapping[str, float]) -> bool:
        settings: InternalKDSettings = self.settings
        found = means.get(f"cosine_{stage.name}")
        return found is not None and found < settings.advance_below * settings.cosine_weight

    def terms(self, step: Step) -> dict[str, Tensor]:
        schedule, stage = self.settings.schedule, step.stage.name
        if stage == ANSWERS:
            return answer_terms(self.card, self.settings, step)
        blocks = range(1, self.pairing.student.blocks + 1)
        if schedule == "all":
            return {**self._inner(step, blocks), **answer_terms(self.card, self.settings, step)}
        current = int(stage)
        return self._inner(step, [current] if schedule == "PID" else range(1, current + 1))

    def observed(self, step: Step) -> dict[str, Tensor]:
        if step.stage.name != ANSWERS:
            return {}
        blocks = range(1, self.pairing.student.blocks + 1)
        return {f"drift_{block}": self._divergence(step, block) for block in blocks}

    def _inner(self, step: Step, blocks: Any) -> dict[str, Tensor]:
        settings: InternalKDSettings = self.settings
        ours, theirs = step.student.hidden_states, step.teacher_trace.hidden_states
        assert ours is not None
        assert theirs is not None
        places = [0, *uniform(len(ours) - 1, len(theirs) - 1)]
        terms = {}
        for block in blocks:
            student = self.projection(wide(ours[block][:, 0]))
            teacher = wide(theirs[places[block]][:, 0]).detach()
            if settings.attention_weight:
                terms[f"attention_{block}"] = settings.attention_weight * self._divergence(step, block)
            if settings.cosine_weight:
                terms[f"cosine_{block}"] = settings.cosine_weight * cosine_distance(student, teacher).mean()
        return terms

    def _divergence(self, step: Step, block: int) -> Tensor:
        ours, theirs = step.student.attention_scores, step.teacher_trace.attention_scores
        assert ours is not None
        assert theirs is not None
        place = uniform(len(ours), len(theirs))[block - 1]
        real = real_tokens(step.mask, ours[0].transpose(1, 2))
        return attention_divergence(ours[block - 1], theirs[place - 1], real)
