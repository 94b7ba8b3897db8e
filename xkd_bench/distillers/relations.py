"""Relations among vectors: the cosine at one of the directions to two others, and how far very many inner products of
a student's lie from a teacher's."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from xkd_bench.distillers.matching import unit_length

AT_ONCE = 1 << 19  # inner products: two megabytes, what a core's cache holds


def directions(centres: Tensor, partners: Tensor) -> Tensor:
    """(x_i − x_p)/‖·‖: (…, m, d) and (…, m, w, d), or (…, 1, w, d) where all have the same → (…, m, w, d); 0 where x_p
    is x_i."""
    return unit_length(centres[..., None, :] - partners, 1e-6)


def angles(centres: Tensor, partners: Tensor) -> Tensor:
    """The cosines of these directions with each other: (…, m, w, w)."""
    found = directions(centres, partners)
    return found @ found.mT


def inner_product_distance(student: Tensor, teacher: Tensor, limit: float = math.inf) -> Tensor:
    """Σ h(⟨s_ip, s_iq⟩ − ⟨t_ip, t_iq⟩) over all i, p, q; s, t: (…, w, d_S) and (…, w, d_T). The teacher gets no slope.

    h(x) = c·x − c²/2 with c = x within ±limit: x²/2 without a limit, smooth L1 with 1. There are w² inner products an
    i, of a batch's triples its third power: they are made a few i at a time, and of each lot only its sum and its
    gradient are kept, w·d numbers an i.
    """
    ours, theirs = student.flatten(0, -3), teacher.flatten(0, -3)
    distance: Tensor = _InnerProductDistance.apply(ours, theirs, limit)  # type: ignore[no-untyped-call]
    return distance


class _InnerProductDistance(torch.autograd.Function):
    """The slope of h is c, and the inner products at i are S_i S_iᵀ: with C_i symmetric the gradient is 2 C_i S_i."""

    @staticmethod
    def forward(ctx: Any, student: Tensor, teacher: Tensor, limit: float) -> Tensor:
        lot = max(1, AT_ONCE // student.shape[1] ** 2)
        sums, gradient = [], torch.empty_like(student)
        for start in range(0, len(student), lot):
            ours, theirs = student[start : start + lot], teacher[start : start + lot]
            apart = torch.baddbmm(ours @ ours.mT, theirs, theirs.mT, alpha=-1)
            slope = apart.clamp(-limit, limit)
            sums.append(((apart - slope / 2) * slope).sum(dtype=torch.float64))
            torch.bmm(slope, ours, out=gradient[start : start + lot])
        ctx.save_for_backward(gradient.mul_(2))
        return torch.stack(sums).sum().to(student.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return outer * gradient, None, None
