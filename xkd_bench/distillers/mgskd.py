"""Multi-granularity structural distillation: relations among tokens below, among samples above (Liu et al. 2022).

Relations of phrases, the method's third granularity, need spans from outside and are left out, as in the comparison of
the AD-KD paper.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import smooth_l1_loss

from xkd_bench.distillers.ckd import matched_states
from xkd_bench.distillers.contract import Distiller, Settings, Stage, Step, TeacherUse
from xkd_bench.distillers.matching import mean_valid, real_tokens, width_map
from xkd_bench.distillers.pairing import Needs
from xkd_bench.distillers.relations import angles, directions, inner_product_distance
from xkd_bench.distillers.soft_targets import SoftTargetSettings, answer_terms
from xkd_bench.models.trace import Watch

RELATIONS, ANSWERS = "relations", "answers"


class MGSKDSettings(SoftTargetSettings):
    """relation_share: part of the updates spent on relations. relation_heads: R, parts of the width that relate by
    themselves. token_layers: M, lower entries (embedding output first) that match tokens; the rest match samples.
    centres, partners: k1 tokens the teacher relates to most, k2 partners of each. token_weight, sample_weight: λ.
    """

    relation_share: Annotated[float, Field(gt=0, lt=1)] = 0.75
    relation_heads: Annotated[int, Field(ge=1)] = 64
    token_layers: Annotated[int, Field(ge=0)] = 2
    centres: Annotated[int, Field(ge=1)] = 20
    partners: Annotated[int, Field(ge=2)] = 20
    token_weight: Annotated[float, Field(ge=0)] = 1.0
    sample_weight: Annotated[float, Field(ge=0)] = 4.0


class MGSKD(Distiller):
    """relations: λ_t Σ_{lower} (pairs + triples of tokens) + λ_s Σ_{upper} triples of samples; then answers as A2.

    Entries are the embedding output and every student block with teacher block l·L_T/L_S. Token pairs:
    r_ij = x_i^h·x_j^h/√d_r in each of R heads, mean squared difference. Token triples: cosines at the teacher's k1
    busiest tokens between their k2 partners, smooth L1. Samples: means over real tokens, cosines of all B³ triples of
    the batch in each head, smooth L1. A student whose width R does not divide is first mapped to the teacher's.
    """

    teacher: TeacherUse = "trace"
    watch = Watch(hidden_states=True)
    settings_type: ClassVar[type[Settings]] = MGSKDSettings

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        divides = self.pairing.student.width % self.settings.relation_heads == 0
        self.projection = nn.Identity() if divides else width_map(self.pairing)

    def needs(self) -> Needs:
        return Needs(same_tokens=True, whole_ratio=True, teacher_width_multiple=self.settings.relation_heads)

    def stages(self) -> tuple[Stage, ...]:
        share = self.settings.relation_share
        return Stage(RELATIONS, share), Stage(ANSWERS, 1 - share)

    def terms(self, step: Step) -> dict[str, Tensor]:
        settings: MGSKDSettings = self.settings
        if step.stage.name == ANSWERS:
            return answer_terms(self.card, settings, step)
        ours, theirs = matched_states(step.student, step.teacher_trace)
        ours = self.projection(ours)
        real = real_tokens(step.mask, ours[:, 0])
        entries = range(ours.shape[1])
        pairs, triples, samples = [ours.new_zeros(())], [ours.new_zeros(())], [ours.new_zeros(())]
        for entry in entries:
            student, teacher = ours[:, entry], theirs[:, entry]
            if entry < settings.token_layers:
                pairs.append(self._token_pairs(student, teacher, real))
                triples.append(self._token_triples(student, teacher, real))
            elif len(student) >= 3:  # fewer samples make no triple
                samples.append(self._sample_triples(student, teacher, real))
        return {
            "token_pairs": settings.token_weight * torch.stack(pairs).sum(),
            "token_triples": settings.token_weight * torch.stack(triples).sum(),
            "sample_triples": settings.sample_weight * torch.stack(samples).sum(),
        }

    def _related(self, vectors: Tensor) -> Tensor:
        """(B, n, d) → (B, R, n, d_r), scaled so that inner products are relations r."""
        parts = _parts(vectors, self.settings.relation_heads).transpose(1, 2)
        return parts / math.sqrt(math.sqrt(parts.shape[-1]))

    def _token_pairs(self, student: Tensor, teacher: Tensor, real: Tensor) -> Tensor:
        ours, theirs = (self._related(vectors * real[:, :, None]) for vectors in (student, teacher))
        pairs = real.sum(dim=1).square().sum() * self.settings.relation_heads
        distance: Tensor = 2 * inner_product_distance(ours, theirs) / pairs.clamp_min(1)
        return distance

    def _token_triples(self, student: Tensor, teacher: Tensor, real: Tensor) -> Tensor:
        n = real.shape[1]
        keys = real[:, None, None, :].bool()
        related = self._related(teacher)
        relations = (related @ related.mT).masked_fill(~keys, torch.finfo(teacher.dtype).min)
        mass = torch.softmax(relations, dim=-1).sum(dim=1) * real[:, :, None]  # (B, n, n) over heads
        busiest = mass.sum(dim=1).masked_fill(real == 0, -1).topk(min(self.settings.centres, n), dim=1).indices
        others = mass.masked_fill(torch.eye(n, device=mass.device, dtype=torch.bool), -1)
        others = others.masked_fill(~keys[:, 0], -1)
        rows = torch.arange(len(real), device=real.device)
        partners = others[rows[:, None], busiest].topk(min(self.settings.partners, max(n - 1, 1)), dim=-1).indices
        centre, pair = real[rows[:, None], busiest], real[rows[:, None, None], partners]
        weight = centre[:, :, None, None] * pair[:, :, :, None] * pair[:, :, None, :]
        theirs, ours = (
            angles(one[rows[:, None], busiest], one[rows[:, None, None], partners]) for one in (teacher, student)
        )
        return mean_valid(smooth_l1_loss(ours, theirs, reduction="none"), weight * (theirs != 0))

    def _sample_triples(self, student: Tensor, teacher: Tensor, real: Tensor) -> Tensor:
        def of(vectors: Tensor) -> Tensor:
            pooled = (vectors * real[:, :, None]).sum(dim=1) / real.sum(dim=1, keepdim=True).clamp_min(1)
            parts = _parts(pooled, self.settings.relation_heads).transpose(0, 1)  # (R, B, d_r)
            return directions(parts, parts[:, None])

        ours, theirs = of(student), of(teacher)
        return inner_product_distance(ours, theirs, limit=1) / (ours.shape[:-1].numel() * ours.shape[-2])


def _parts(vectors: Tensor, heads: int) -> Tensor:
    """(…, d) → (…, R, d_r)."""
    return vectors.reshape(*vectors.shape[:-1], heads, -1)
