"""What `attn_first` and `attn_last` share: one block's attention rows, beside the labels."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field
from torch import Tensor

from xkd_bench.distillers.contract import Declaration, Distiller, Settings, Step, TeacherUse, label_loss
from xkd_bench.distillers.matching import Heads, attention_divergence, real_tokens
from xkd_bench.distillers.pairing import Needs
from xkd_bench.models.trace import Watch


class AttentionSettings(Settings):
    """label_weight: λ_lab. attention_weight: λ_att. heads: `equal` or, where their numbers differ, `mean`."""

    label_weight: Annotated[float, Field(ge=0)] = 1.0
    attention_weight: Annotated[float, Field(ge=0)] = 1.0
    heads: Heads = "equal"


class AttentionMatching(Distiller):
    """L = λ_lab CE(z_S, y) + λ_att KL(A_T ‖ A_S) of one block of each, mean over heads and rows of real tokens.

    The gradient is that of the cross-entropy of the rows. It reaches the block's query and key weights and what lies
    below: no value or output weight of the block, nothing above it, no head, which the labels must train.
    """

    teacher: TeacherUse = "trace"
    watch = Watch(attention_scores=True)
    settings_type: ClassVar[type[Settings]] = AttentionSettings
    block: ClassVar[int]  # place in the list of blocks

    def needs(self) -> Needs:
        return Needs(same_tokens=True, same_heads=self.settings.heads == "equal")

    def declares(self) -> Declaration:
        return Declaration(explainers=("attention",))

    def terms(self, step: Step) -> dict[str, Tensor]:
        settings: AttentionSettings = self.settings
        ours, theirs = step.student.attention_scores, step.teacher_trace.attention_scores
        assert ours is not None
        assert theirs is not None
        real = real_tokens(step.mask, ours[self.block].transpose(1, 2))
        matched = attention_divergence(ours[self.block], theirs[self.block], real, settings.heads)
        terms = {"attention": settings.attention_weight * matched}
        if settings.label_weight:
            terms["label"] = settings.label_weight * label_loss(self.card, step.student.logits, step.labels)
        return terms
