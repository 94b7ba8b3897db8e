"""From one matrix a block to one score a token: what reached the first token through all blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from xkd_bench.models.blocks import aligned

Aggregation = Literal["rollout", "plus", "skip_plus"]
SMALLEST = 1e-12


def aggregate(matrices: Sequence[Tensor], how: Aggregation, with_identity: bool = False) -> Tensor:
    """Matrices (B, n, n) of blocks 1 … L, rows made to sum to 1 → (B, n, n); its first row is what [CLS] drew from.

    rollout    M^L · … · M^1 (Abnar and Zuidema 2020)
    plus       Σ_l M^l
    skip_plus  Σ_{l > L/2} M^l

    with_identity: ½M + ½I in place of M in a rollout, for matrices that leave the residual out, as attention does. The
    result is divided by its largest entry, so that products of many blocks neither grow nor vanish.
    """
    normalised = [one / one.sum(dim=-1, keepdim=True).clamp_min(SMALLEST) for one in matrices]
    if how == "rollout":
        if with_identity:
            identity = torch.eye(normalised[0].shape[-1], dtype=normalised[0].dtype, device=normalised[0].device)
            normalised = [(one + identity) / 2 for one in normalised]
        n = normalised[0].shape[-1]
        found, *others = (aligned(one, -2, -1) for one in normalised)
        for one in others:
            found = one @ found
        return _scaled(found[..., :n, :n])
    kept = normalised if how == "plus" else normalised[len(normalised) // 2 :]
    return _scaled(torch.stack(kept).sum(dim=0))


def _scaled(matrix: Tensor) -> Tensor:
    largest = matrix.detach().amax(dim=(-2, -1), keepdim=True)
    return matrix / largest.clamp_min(SMALLEST)
