"""TinyBERT's task stage: scores of attention and states of all blocks first, then the answers (Jiao et al. 2020)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import mse_loss

from xkd_bench.distillers.contract import Declaration, Distiller, Settings, Stage, Step, TeacherUse
from xkd_bench.distillers.matching import attention_rows, mean_valid, real_tokens, uniform, width_map
from xkd_bench.distillers.pairing import Needs
from xkd_bench.distillers.soft_targets import soft_target_loss
from xkd_bench.models.blocks import wide
from xkd_bench.models.trace import Watch

INNER, ANSWERS = "inner", "answers"


class TinyBERTSettings(Settings):
    """inner_share: part of the updates spent on inner states; the rest on answers. temperature: τ of the answers.

    target: raw attention `scores`, as the method, or their `probs`. legacy_pad_mean: means over padding too, as the
    released code takes them.
    """

    inner_share: Annotated[float, Field(gt=0, lt=1)] = 0.75
    temperature: Annotated[float, Field(gt=0)] = 1.0
    target: Literal["scores", "probs"] = "scores"
    legacy_pad_mean: bool = False


class TinyBERT(Distiller):
    """inner: Σ_l mse(s_S^l, s_T^{g(l)}) + Σ_{l=0..L_S} mse(h_S^l W, h_T^{l·L_T/L_S}) at a constant rate; then answers:
    soft cross-entropy at τ (regression: mean (ẑ − y)², to the labels and not to the teacher).

    s are raw scores q·k/√d_h, h^0 the embedding output, g(l) = l·L_T/L_S; W is one learned map, the identity for equal
    widths. Means go over real tokens.
    """

    teacher: TeacherUse = "trace"
    watch = Watch(hidden_states=True, attention_scores=True)
    settings_type: ClassVar[type[Settings]] = TinyBERTSettings

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.projection = width_map(self.pairing)

    def needs(self) -> Needs:
        return Needs(same_tokens=True, same_heads=True, whole_ratio=True)

    def stages(self) -> tuple[Stage, ...]:
        share = self.settings.inner_share
        return Stage(INNER, share, decay=False), Stage(ANSWERS, 1 - share)

    def declares(self) -> Declaration:
        return Declaration(explainers=("attention",))

    def terms(self, step: Step) -> dict[str, Tensor]:
        if step.stage.name == ANSWERS:
            return self._answers(step)
        settings: TinyBERTSettings = self.settings
        ours, theirs = step.student, step.teacher_trace
        assert ours.hidden_states is not None
        assert theirs.hidden_states is not None
        assert ours.attention_scores is not None
        assert theirs.attention_scores is not None
        real = real_tokens(step.mask, ours.hidden_states[0])
        counted = torch.ones_like(real) if settings.legacy_pad_mean else real
        places = uniform(len(ours.attention_scores), len(theirs.attention_scores))
        attention = [
            self._attention(ours.attention_scores[block], theirs.attention_scores[place - 1], real, counted)
            for block, place in enumerate(places)
        ]
        hidden = [
            mean_valid(
                (self.projection(wide(ours.hidden_states[block])) - wide(theirs.hidden_states[place]).detach())
                .square()
                .mean(dim=-1),
                counted,
            )
            for block, place in enumerate([0, *places])
        ]
        return {"attention": torch.stack(attention).sum(), "hidden": torch.stack(hidden).sum()}

    def _attention(self, student: Tensor, teacher: Tensor, real: Tensor, counted: Tensor) -> Tensor:
        pairs = (counted[:, :, None] * counted[:, None, :])[:, None]
        if self.settings.target == "probs":
            ours, theirs = attention_rows(student, real), attention_rows(teacher.detach(), real)
        else:
            # The released code sets scores that the mask pushed down to 0 before it takes the mean.
            keys = real[:, None, None, :]
            ours, theirs = wide(student) * keys, wide(teacher).detach() * keys
        return mean_valid((ours - theirs).square(), pairs)

    def _answers(self, step: Step) -> dict[str, Tensor]:
        student = wide(step.student.logits)
        if self.card.kind == "regression":
            return {"label": mse_loss(student[:, 0], step.labels.float())}
        matched = soft_target_loss(student, wide(step.teacher_logits), "adkd", self.settings.temperature)
        return {"teacher": matched}
