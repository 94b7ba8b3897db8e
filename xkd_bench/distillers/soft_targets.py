"""What most methods say of the teacher's answers: matching its tempered probabilities, beside the labels.

Published code and papers use four forms that differ by constants that matter.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, log_softmax, mse_loss, softmax

from xkd_bench.distillers.contract import Settings, Step, label_loss
from xkd_bench.models.blocks import wide
from xkd_bench.tasks.card import TaskCard

Variant = Literal["hinton", "adkd", "deit_legacy", "seed000"]


class SoftTargetSettings(Settings):
    """alpha: weight of the teacher's term, 1 − alpha of the labels. temperature: τ. hard: CE to the teacher's class.

    anneal: τ falls linearly from `temperature` in the first epoch to 1 in the last.
    """

    variant: Variant = "hinton"
    alpha: Annotated[float, Field(ge=0, le=1)] = 0.5
    temperature: Annotated[float, Field(gt=0)] = 2.0
    hard: bool = False
    anneal: bool = False


def answer_terms(
    card: TaskCard,
    settings: SoftTargetSettings,
    step: Step,
    label_logits: Tensor | None = None,
    matched_logits: Tensor | None = None,
) -> dict[str, Tensor]:
    """teacher: α K_τ(z_S, z_T); label: (1 − α) CE(z_S, y), left out where α = 1. Regression: K = mean (ẑ_S − ẑ_T)².

    label_logits, matched_logits: the heads the two terms act on, where a student has two.
    """
    alpha = 1.0 if settings.variant == "seed000" else settings.alpha
    student = wide(step.student.logits if matched_logits is None else matched_logits)
    teacher = wide(step.teacher_logits)
    temperature = temperature_at(settings, step.epoch, step.epochs)
    if card.kind == "regression":
        matched = regression_loss(student, teacher, settings.variant, temperature)
    elif settings.hard:
        matched = cross_entropy(student, teacher.argmax(dim=1))
    else:
        matched = soft_target_loss(student, teacher, settings.variant, temperature)
    terms = {"teacher": alpha * matched}
    if alpha < 1:
        labelled = step.student.logits if label_logits is None else label_logits
        terms["label"] = (1 - alpha) * label_loss(card, labelled, step.labels)
    return terms


def temperature_at(settings: SoftTargetSettings, epoch: float, epochs: int) -> float:
    """τ_e = τ + (1 − τ)·e/(E − 1) in epoch e = 0 … E − 1 when annealing, else τ; 1 for `seed000`."""
    if settings.variant == "seed000":
        return 1.0
    if not settings.anneal or epochs < 2:
        return settings.temperature
    whole = min(int(epoch), epochs - 1)
    return settings.temperature + (1 - settings.temperature) * whole / (epochs - 1)


def soft_target_loss(student: Tensor, teacher: Tensor, variant: Variant, temperature: float) -> Tensor:
    """K_τ(z_S, z_T) for logits (B, C).

    hinton       τ² · (1/B) Σ_b KL(p_T ‖ p_S)                Hinton et al. 2015
    adkd         −(1/B) Σ_b Σ_c p_T log p_S, without τ²      released code of AD-KD and CKD
    deit_legacy  τ² · Σ_b KL(p_T ‖ p_S) / (B·C)              released code of DeiT, AttriT, PKD
    seed000      −(1/B) Σ_b Σ_c p_T log p_S at τ = 1         the attention-distillation paper (printed without −)
    """
    log_student = log_softmax(student / temperature, dim=1)
    soft_teacher = softmax(teacher.detach() / temperature, dim=1)
    if variant in ("adkd", "seed000"):
        return -(soft_teacher * log_student).sum(dim=1).mean()
    divergence = kl_div(log_student, soft_teacher, reduction="sum") / len(student)
    if variant == "deit_legacy":
        divergence = divergence / student.shape[1]
    return temperature**2 * divergence


def regression_loss(student: Tensor, teacher: Tensor, variant: Variant, temperature: float) -> Tensor:
    """mean (ẑ_S − ẑ_T)²; `adkd` divides both by τ first, which divides the loss by τ²."""
    divisor = temperature if variant == "adkd" else 1.0
    return mse_loss(student[:, 0] / divisor, teacher.detach()[:, 0] / divisor)
