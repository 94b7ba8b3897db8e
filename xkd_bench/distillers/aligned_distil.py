"""AlignedDistil: the student must also answer well when it looks where the teacher looks (attention interchange)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import cross_entropy, mse_loss

from xkd_bench.distillers.contract import Declaration, Distiller, Objective, Settings, Step, TeacherUse, label_loss
from xkd_bench.distillers.masking import IGNORED
from xkd_bench.distillers.matching import attention_log_rows, attention_rows, cosine_distance, mean_valid, real_tokens
from xkd_bench.distillers.pairing import Needs
from xkd_bench.distillers.soft_targets import soft_target_loss
from xkd_bench.models.blocks import wide
from xkd_bench.models.trace import Instead, Watch


class AlignedDistilSettings(Settings):
    """Weights of the terms: label, teacher, hidden, interchange, and attention (an explicit KL, off by default).

    form: `task` learns from labels and classifier logits; `masked_lm` from masked text, with masked-language models as
    teacher and student. interchange: `random_one` block a step, so that the others' queries and keys learn, or `all`
    blocks, under which none does. restrict_to_masked: masked-LM losses at masked positions only, not at all of them.
    """

    form: Literal["task", "masked_lm"] = "task"
    interchange: Literal["all", "random_one"] = "random_one"
    label_weight: Annotated[float, Field(ge=0)] = 0.25
    teacher_weight: Annotated[float, Field(ge=0)] = 0.25
    hidden_weight: Annotated[float, Field(ge=0)] = 0.25
    interchange_weight: Annotated[float, Field(ge=0)] = 0.25
    attention_weight: Annotated[float, Field(ge=0)] = 0.0
    temperature: Annotated[float, Field(gt=0)] = 2.0
    restrict_to_masked: bool = False


class AlignedDistil(Distiller):
    """L = w1 CE(z_S, y) + w2 τ² KL(z_T ‖ z_S) + w3 mean(1 − cos(h_S, h_T)) + w4 τ² KL(z_T ‖ z_S^int) + w5 KL(Ā ‖ A_S).

    Ā^l = ½ (A_T^{2l−1} + A_T^{2l}) is the teacher's attention for student block l. z_S^int is the student's answer with
    A_S^l := Ā^l in the interchanged blocks: a constant there, so that their query and key weights get no gradient from
    this term, while values, outputs and all below them do. h are the last blocks' states of real tokens.
    """

    teacher: TeacherUse = "trace"
    watch = Watch(hidden_states=True, attention_scores=True)
    settings_type: ClassVar[type[Settings]] = AlignedDistilSettings

    @classmethod
    def objective_of(cls, settings: Any) -> Objective:
        form: Objective = settings.form
        return form

    def needs(self) -> Needs:
        return Needs(
            same_tokens=True,
            same_heads=True,
            block_ratio=2,
            same_width=self.settings.hidden_weight > 0,
            no_distillation_token=True,
            classes_only=self.settings.form == "masked_lm",
        )

    def declares(self) -> Declaration:
        return Declaration(explainers=("attention",), masks_inputs=self.settings.form == "masked_lm")

    def terms(self, step: Step) -> dict[str, Tensor]:
        settings: AlignedDistilSettings = self.settings
        assert step.student_again is not None
        student, teacher = step.student, step.teacher_trace
        assert student.hidden_states is not None
        assert teacher.hidden_states is not None
        real = real_tokens(step.mask, student.hidden_states[0])
        attention = self.teacher_attention(step, real)
        terms = {}
        if settings.label_weight:
            terms["label"] = settings.label_weight * self._label(step)
        if settings.teacher_weight:
            terms["teacher"] = settings.teacher_weight * self._answer(step, student.logits)
        if settings.hidden_weight:
            distance = cosine_distance(wide(student.hidden_states[-1]), wide(teacher.hidden_states[-1]).detach())
            terms["hidden"] = settings.hidden_weight * mean_valid(distance, real)
        if settings.interchange_weight:
            chosen = self.interchanged(step)
            swapped = step.student_again(Watch(), Instead(attention={block: attention[block - 1] for block in chosen}))
            terms["interchange"] = settings.interchange_weight * self._answer(step, swapped.logits)
        if settings.attention_weight:
            assert student.attention_scores is not None
            found = [
                self._attention(ours, theirs, real)
                for ours, theirs in zip(student.attention_scores, attention, strict=True)
            ]
            terms["attention"] = settings.attention_weight * torch.stack(found).mean()
        return terms

    def teacher_attention(self, step: Step, real: Tensor) -> list[Tensor]:
        """Ā (B, H, n, n) of each student block: rows that sum to 1, constants."""
        scores = step.teacher_trace.attention_scores
        assert scores is not None
        rows = [attention_rows(one.detach(), real) for one in scores]
        return [(one + other) / 2 for one, other in zip(rows[::2], rows[1::2], strict=True)]

    def interchanged(self, step: Step) -> list[int]:
        """Which student blocks, from 1, look where the teacher looks in this step."""
        blocks = list(range(1, self.pairing.student.blocks + 1))
        return blocks if self.settings.interchange == "all" else [blocks[int(step.draw.integers(len(blocks)))]]

    def _label(self, step: Step) -> Tensor:
        if self.objective == "task":
            return label_loss(self.card, step.student.logits, step.labels)
        labels = step.labels.masked_fill(~self._compared(step), IGNORED)
        return cross_entropy(wide(step.student.logits).flatten(0, 1), labels.flatten(), ignore_index=IGNORED)

    def _answer(self, step: Step, logits: Tensor) -> Tensor:
        teacher = wide(step.teacher_logits).detach()
        if self.objective == "masked_lm":
            compared = self._compared(step)
            return soft_target_loss(wide(logits)[compared], teacher[compared], "hinton", self.settings.temperature)
        if self.card.kind == "regression":
            return mse_loss(wide(logits), teacher)
        return soft_target_loss(wide(logits), teacher, "hinton", self.settings.temperature)

    def _compared(self, step: Step) -> Tensor:
        """Positions of masked text whose predictions count: those masked, or all real ones."""
        assert step.asked is not None
        return step.asked if self.settings.restrict_to_masked else step.labels != IGNORED

    @staticmethod
    def _attention(student: Tensor, teacher: Tensor, real: Tensor) -> Tensor:
        """KL(Ā ‖ A_S), mean over heads and real rows; 0·ln 0 is 0."""
        ours = attention_log_rows(student, real)
        divergence = (torch.xlogy(teacher, teacher) - teacher * ours).sum(dim=-1)
        return mean_valid(divergence, real[:, None, :])
