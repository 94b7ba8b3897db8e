"""Masked-language-model inputs: the rule of BERT, drawn for one batch (Devlin et al. 2019, section 3.1)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

SHARE, KEPT, RANDOM = 0.15, 0.1, 0.1
IGNORED = -100


def mask_tokens(
    ids: Tensor,
    units: Tensor,
    real: Tensor,
    mask_id: int,
    vocabulary: int,
    draw: np.random.Generator,
) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs with 15 % of the words asked for, of which 80 % masked, 10 % replaced, 10 % left; labels; where asked.

    ids, units, real: (B, n). Labels are the ids at real positions, −100 at padding; the last is (B, n) of booleans.
    """
    numbers = torch.tensor(draw.random((2, *ids.shape)), device=ids.device)
    others = torch.tensor(draw.integers(vocabulary, size=tuple(ids.shape)), device=ids.device)
    asked = (numbers[0] < SHARE) & units.bool()
    masked = asked & (numbers[1] >= KEPT + RANDOM)
    replaced = asked & (numbers[1] < RANDOM)
    changed = torch.where(masked, mask_id, torch.where(replaced, others, ids))
    return changed, torch.where(real.bool(), ids, IGNORED), asked
