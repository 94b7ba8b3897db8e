"""What explainers by gradient share on images: scores of the pixels a model sees become scores of patches.

Gradients are taken at the pixel values that the image processor gives the model, whatever size it made of the image.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from xkd_bench.explainers.coalitions import FloatArray
from xkd_bench.explainers.contract import Explanation, Question
from xkd_bench.explainers.gradients import TARGET, TokenScores
from xkd_bench.explainers.patches import on_grid
from xkd_bench.models.classifier import Classifier
from xkd_bench.models.encoding import Row


def explain_pixels(
    classifier: Classifier,
    questions: Sequence[Question],
    score: Callable[[Sequence[Row]], Sequence[TokenScores]],
) -> list[Explanation]:
    """Scores of pixels (h, w) from `score`, which gets the model's inputs with `TARGET`; summed over each patch."""
    rows = classifier.encoder.encode([question.input for question in questions])
    found = score([{**row, TARGET: question.target} for row, question in zip(rows, questions, strict=True)])
    return [_explanation(question, one) for question, one in zip(questions, found, strict=True)]


def pixel_sums(attributions: torch.Tensor) -> FloatArray:
    """Attributions of pixel values, summed over the channels; (B, channels, h, w) → (B, h, w)."""
    return np.asarray(attributions.detach().double().sum(1).cpu().numpy())


def _explanation(question: Question, found: TokenScores) -> Explanation:
    n = len(question.units)
    if not np.isfinite(found.values).all() or not np.isfinite(list(found.notes.values())).all():
        return Explanation.without_value(n, "non_finite", found.notes)
    assert question.grid is not None
    return Explanation(on_grid(found.values, question.grid), np.ones(n, dtype=np.bool_), found.reason, found.notes)
