"""Logit distillation in the four forms that published code and papers use."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from xkd_bench.distillers.contract import Distiller, Settings, Step
from xkd_bench.distillers.soft_targets import SoftTargetSettings, answer_terms


class VanillaKD(Distiller):
    """L = (1 − α) CE(z_S, y) + α K_τ(z_S, z_T), K as `soft_target_loss` says; regression: K = mean (ẑ_S − ẑ_T)²."""

    settings_type: ClassVar[type[Settings]] = SoftTargetSettings

    def terms(self, step: Step) -> dict[str, Tensor]:
        return answer_terms(self.card, self.settings, step)
