"""What the methods that match inner states share: layer maps, masked means, attention rows."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from xkd_bench.distillers.pairing import Pairing
from xkd_bench.models.blocks import wide

Heads = Literal["equal", "mean"]


def mean_valid(values: Tensor, weights: Tensor) -> Tensor:
    """Σ w·x / Σ w; `weights` of the shape of `values`, or one that broadcasts to it."""
    weights = weights.to(values.dtype).expand_as(values)
    return (values * weights).sum() / weights.sum().clamp_min(1)


def uniform(student_blocks: int, teacher_blocks: int) -> list[int]:
    """g(l) = l·L_T/L_S for l = 1 … L_S: the last teacher block of each of L_S equal parts. L_S must divide L_T."""
    if teacher_blocks % student_blocks:
        raise ValueError(f"{teacher_blocks} blocks are no multiple of {student_blocks}")
    return [block * teacher_blocks // student_blocks for block in range(1, student_blocks + 1)]


def last(student_blocks: int, teacher_blocks: int) -> list[int]:
    """g(l) = L_T − L_S + l."""
    return [teacher_blocks - student_blocks + block for block in range(1, student_blocks + 1)]


def width_map(pairing: Pairing) -> nn.Module:
    """From the student's width to the teacher's: the identity where they are equal, else linear without bias."""
    student, teacher = pairing.student, pairing.teacher
    assert teacher is not None
    return nn.Identity() if student.width == teacher.width else nn.Linear(student.width, teacher.width, bias=False)


def real_tokens(mask: Tensor | None, like: Tensor) -> Tensor:
    """(B, n) of ones and zeros in fp32; all ones for images, whose `like` is (B, n, …)."""
    return torch.ones(like.shape[:2], device=like.device) if mask is None else mask.float()


def attention_log_rows(scores: Tensor, real: Tensor) -> Tensor:
    """log softmax of scores (B, H, n, n) over real keys, in fp32; 0 at padded keys, whose probability is 0."""
    keys = real[:, None, None, :].bool()
    rows = torch.log_softmax(wide(scores).masked_fill(~keys, torch.finfo(torch.float32).min), dim=-1)
    return rows.masked_fill(~keys, 0.0)


def attention_rows(scores: Tensor, real: Tensor) -> Tensor:
    """softmax of scores (B, H, n, n) over real keys, before dropout, in fp32; exactly 0 at padded keys."""
    return attention_log_rows(scores, real).exp() * real[:, None, None, :]


def attention_divergence(student: Tensor, teacher: Tensor, real: Tensor, heads: Heads = "equal") -> Tensor:
    """KL(A_T ‖ A_S) of attention rows, mean over batch, heads and real rows; its gradient is that of the cross-entropy.

    student, teacher: scores (B, H, n, n) before the mask. heads: `equal` matches head by head; `mean` compares the mean
    of the heads' probabilities, where the numbers of heads differ.
    """
    if heads == "equal":
        theirs, ours = attention_log_rows(teacher.detach(), real), attention_log_rows(student, real)
    else:
        theirs = _log_of_mean_rows(teacher.detach(), real)
        ours = _log_of_mean_rows(student, real)
    probabilities = theirs.exp() * real[:, None, None, :]
    divergence = (probabilities * (theirs - ours)).sum(dim=-1)
    return mean_valid(divergence, real[:, None, :])


def _log_of_mean_rows(scores: Tensor, real: Tensor) -> Tensor:
    keys = real[:, None, None, :].bool()
    mean = attention_rows(scores, real).mean(dim=1, keepdim=True)
    return mean.masked_fill(~keys, 1.0).clamp_min(torch.finfo(mean.dtype).tiny).log()


def unit_length(vectors: Tensor, smallest: float = 1e-12) -> Tensor:
    """Vectors of the last axis divided by their length, with a finite slope at 0."""
    return vectors / vectors.square().sum(dim=-1, keepdim=True).clamp_min(smallest**2).sqrt()


def cosine_distance(one: Tensor, other: Tensor) -> Tensor:
    """1 − cos over the last axis."""
    return 1 - (unit_length(one) * unit_length(other)).sum(dim=-1)
