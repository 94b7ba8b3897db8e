"""Contextual distillation: relations among words and among blocks, as pairs and as triples (Park et al. 2021).

The released code returns NaN on current torch (0·(−inf) on the diagonal) and leaves its label and block weights out;
this is what the paper defines, with all weights in force.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from xkd_bench.distillers.contract import Distiller, Settings, Step, TeacherUse
from xkd_bench.distillers.matching import mean_valid, real_tokens, uniform, unit_length
from xkd_bench.distillers.pairing import Needs
from xkd_bench.distillers.soft_targets import SoftTargetSettings, answer_terms
from xkd_bench.models.blocks import wide
from xkd_bench.models.trace import Trace, Watch

FAR_BELOW = -1e4
SMALLEST_SHARE = 1e-6


class CKDSettings(SoftTargetSettings):
    """word_pairs, word_triples, block_pairs, block_triples: weights of the four relations. window: w positions around a
    word, itself in the middle, whose triples are compared."""

    alpha: Annotated[float, Field(ge=0, le=1)] = 0.9
    temperature: Annotated[float, Field(gt=0)] = 3.0
    word_pairs: Annotated[float, Field(ge=0)] = 1.0
    word_triples: Annotated[float, Field(ge=0)] = 10.0
    block_pairs: Annotated[float, Field(ge=0)] = 1.0
    block_triples: Annotated[float, Field(ge=0)] = 10.0
    window: Annotated[int, Field(ge=2)] = 21


class CKD(Distiller):
    """L = (1 − α) CE + α K + λ_1 word pairs + λ_2 word triples + λ_3 block pairs + λ_4 block triples.

    Over the embedding output and every block of the student with its teacher block g(l) = l·L_T/L_S. Pairs: the cosines
    of one word (block) with the others as a softmax, KL(q_T ‖ q_S), sum over all divided by the number of pairs with
    the diagonal. Triples: cosines of the angles at a word (block) between two others, mean squared difference over
    triples of real tokens. Widths may differ.
    """

    teacher: TeacherUse = "trace"
    watch = Watch(hidden_states=True)
    settings_type: ClassVar[type[Settings]] = CKDSettings

    def needs(self) -> Needs:
        return Needs(same_tokens=True, whole_ratio=True)

    def terms(self, step: Step) -> dict[str, Tensor]:
        settings: CKDSettings = self.settings
        ours, theirs = matched_states(step.student, step.teacher_trace)
        real = real_tokens(step.mask, ours[:, 0])
        words = real[:, None].expand(ours.shape[:3])  # (B, |P|, n)
        across, across_theirs = ours.transpose(1, 2), theirs.transpose(1, 2)  # (B, n, |P|, d)
        blocks = real[:, :, None].expand(across.shape[:3])
        terms = answer_terms(self.card, settings, step)
        if settings.word_pairs:
            terms["word_pairs"] = settings.word_pairs * pair_divergence(ours, theirs, words)
        if settings.word_triples:
            reach = settings.window // 2
            terms["word_triples"] = settings.word_triples * triple_distance(ours, theirs, words, reach)
        if settings.block_pairs:
            terms["block_pairs"] = settings.block_pairs * pair_divergence(across, across_theirs, blocks)
        if settings.block_triples:
            reach = across.shape[2] - 1
            terms["block_triples"] = settings.block_triples * triple_distance(across, across_theirs, blocks, reach)
        return terms


def matched_states(student: Trace, teacher: Trace) -> tuple[Tensor, Tensor]:
    """Embedding output and every student block with teacher block g(l): (B, |P|, n, d_S) and (B, |P|, n, d_T)."""
    assert student.hidden_states is not None
    assert teacher.hidden_states is not None
    places = [0, *uniform(len(student.hidden_states) - 1, len(teacher.hidden_states) - 1)]
    ours = torch.stack([wide(state) for state in student.hidden_states], dim=1)
    theirs = torch.stack([wide(teacher.hidden_states[place]) for place in places], dim=1)
    return ours, theirs.detach()


def pair_divergence(student: Tensor, teacher: Tensor, real: Tensor) -> Tensor:
    """Σ KL(q_T ‖ q_S) / number of pairs with the diagonal; q_i = softmax over real j ≠ i of cos(x_i, x_j).

    student, teacher: (…, m, d_S) and (…, m, d_T); real: (…, m).
    """
    pairs = real[..., :, None] * real[..., None, :]
    others = pairs * (1 - torch.eye(real.shape[-1], device=real.device))
    ours, theirs = _log_relations(student, others), _log_relations(teacher, others)
    # Multiplied by `others` after the logarithm, so that no excluded pair makes 0·(−inf).
    divergence = (theirs.exp() * (theirs - ours) * others).sum()
    return divergence / pairs.sum().clamp_min(1)


def _log_relations(vectors: Tensor, others: Tensor) -> Tensor:
    unit = unit_length(vectors)
    cosines = unit @ unit.transpose(-1, -2)
    return torch.log_softmax(cosines + FAR_BELOW * (1 - others), dim=-1)


def triple_distance(student: Tensor, teacher: Tensor, real: Tensor, reach: int) -> Tensor:
    """Mean squared difference of the cosines at i between p and q, over real i, p, q with |p − i|, |q − i| ≤ `reach`.

    student, teacher: (…, m, d_S) and (…, m, d_T); real: (…, m). What lies beyond the sequence counts for nothing,
    so that padding changes nothing.
    """
    m = real.shape[-1]
    reach = min(reach, m - 1)
    places = torch.arange(m, device=real.device)[:, None] + torch.arange(-reach, reach + 1, device=real.device)
    inside = ((places >= 0) & (places < m)).to(real.dtype)
    places = places.clamp(0, m - 1)
    near = real[..., places] * inside  # (…, m, w)
    weight = real[..., :, None, None] * near[..., :, None] * near[..., None, :]
    ours, theirs = _angles_within(student, places, real), _angles_within(teacher, places, real)
    return mean_valid((ours - theirs).square(), weight)


def _angles_within(vectors: Tensor, places: Tensor, real: Tensor) -> Tensor:
    """`relations.angles` of (…, m, d) to the vectors at `places` (m, w), from their inner products: (…, m, w, w).

    ⟨x_i − x_p, x_i − x_q⟩ = G_ii − G_ip − G_iq + G_pq, so that no difference of vectors is ever stored: m·w² numbers in
    place of m·w·d. Centred first, which changes no difference and keeps the numbers small.
    """
    mean = (vectors * real[..., None]).sum(dim=-2, keepdim=True) / real.sum(dim=-1)[..., None, None].clamp_min(1)
    centred = vectors - mean
    gram = centred @ centred.transpose(-1, -2)
    rows = torch.arange(len(places), device=places.device)[:, None]
    own = gram.diagonal(dim1=-2, dim2=-1)
    to_partner = gram[..., rows, places]
    inner = own[..., :, None, None] - to_partner[..., :, None] - to_partner[..., None, :]
    inner = inner + gram[..., places[:, :, None], places[:, None, :]]
    lengths = own[..., :, None] + own[..., places]
    squares = lengths - 2 * to_partner
    apart = (squares > SMALLEST_SHARE * lengths) & (places != rows)  # what is nearer is the same vector, or rounding
    scale = torch.where(apart, squares, 1.0).rsqrt() * apart
    return inner * scale[..., :, None] * scale[..., None, :]
