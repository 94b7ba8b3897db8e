"""Distillation into a pretrained student by soft labels alone: what remains of a method without the labels."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field
from torch import Tensor

from xkd_bench.distillers.contract import Distiller, Settings, Step
from xkd_bench.distillers.soft_targets import SoftTargetSettings, answer_terms


class PDSettings(Settings):
    """temperature: τ of both models' probabilities."""

    temperature: Annotated[float, Field(gt=0)] = 1.0


class PD(Distiller):
    """L = −(1/B) Σ_b Σ_c p_T log p_S at temperature τ, without labels; regression: mean (ẑ_S − ẑ_T)²/τ²."""

    settings_type: ClassVar[type[Settings]] = PDSettings

    def terms(self, step: Step) -> dict[str, Tensor]:
        settings = SoftTargetSettings(variant="adkd", alpha=1.0, temperature=self.settings.temperature)
        return answer_terms(self.card, settings, step)
