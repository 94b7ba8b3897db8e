"""AttriT: the student matches the teacher's answers and its attributions from attention, ATS and GlobEnc.

The released code computes both attributions without a gradient; here it reaches attention, values and outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from xkd_bench.distillers.contract import Declaration, Distiller, Settings, Step, TeacherUse
from xkd_bench.distillers.matching import real_tokens, uniform
from xkd_bench.distillers.pairing import Needs
from xkd_bench.distillers.soft_targets import SoftTargetSettings, answer_terms
from xkd_bench.explainers.token_matrices import ats, globenc, globenc_row
from xkd_bench.models.blocks import Block
from xkd_bench.models.trace import Trace, Watch

Matrix = Callable[[Block, Trace], Tensor]


class AttriTSettings(SoftTargetSettings):
    """ats_weight, attribution_weight: λ of the two attributions, 0 to leave one out. rows: `cls`, what [CLS] draws from
    each token, or `all` rows. normalise: rows sum to 1 (`sum`) or are left as they are (`none`, the released code's).
    """

    temperature: Annotated[float, Field(gt=0)] = 5.0
    ats_weight: Annotated[float, Field(ge=0)] = 1.0
    attribution_weight: Annotated[float, Field(ge=0)] = 1.0
    rows: Literal["cls", "all"] = "cls"
    normalise: Literal["sum", "none"] = "sum"


class AttriT(Distiller):
    """L = (1 − α) CE + α K + λ_ats L_ats + λ_atr L_atr, with L_x = (1/L_S) Σ_l mean_rows ‖X_T^{g(l)} − X_S^l‖².

    X is a block's ATS score over patches (words) or its GlobEnc norm over all tokens, of the rows that `rows` says;
    g(l) = l·L_T/L_S. Of a DeiT with two heads the labels train the class head and the teacher the distillation head;
    its distillation token is left out of rows and columns.
    """

    teacher: TeacherUse = "trace"
    watch = Watch(blocks=True)
    settings_type: ClassVar[type[Settings]] = AttriTSettings

    def needs(self) -> Needs:
        return Needs(same_tokens=True, whole_ratio=True, classes_only=True)

    def declares(self) -> Declaration:
        settings: AttriTSettings = self.settings
        weights = {"ats": settings.ats_weight, "globenc": settings.attribution_weight}
        return Declaration(explainers=tuple(name for name, weight in weights.items() if weight))

    def terms(self, step: Step) -> dict[str, Tensor]:
        settings: AttriTSettings = self.settings
        student = step.student
        terms = answer_terms(
            self.card, settings, step, label_logits=student.class_logits, matched_logits=student.distillation_logits
        )
        assert step.units is not None
        assert student.blocks is not None
        real = real_tokens(step.mask, student.tokens(student.blocks[0].stream, 1))
        if settings.ats_weight:
            units = step.units.float()
            found = self._distance(step, lambda block, trace: self._ats(block, trace, units), real, units)
            terms["ats"] = settings.ats_weight * found
        if settings.attribution_weight:
            found = self._distance(step, self._globenc, real, real)
            terms["attribution"] = settings.attribution_weight * found
        return terms

    def _distance(self, step: Step, matrix: Matrix, real: Tensor, columns: Tensor) -> Tensor:
        student, teacher = step.student, step.teacher_trace
        assert student.blocks is not None
        assert teacher.blocks is not None
        distances = []
        for block, place in enumerate(uniform(len(student.blocks), len(teacher.blocks))):
            ours = self._rows(matrix(student.blocks[block], student), columns)
            theirs = self._rows(matrix(teacher.blocks[place - 1], teacher), columns).detach()
            squares = (ours - theirs).square().sum(dim=-1)  # (B, rows)
            weight = real[:, :1] if self.settings.rows == "cls" else real
            distances.append((squares * weight).sum() / weight.sum())
        return torch.stack(distances).mean()

    def _rows(self, matrix: Tensor, columns: Tensor) -> Tensor:
        """(B, rows, n) of the columns that count, each row of sum 1 where so set."""
        rows = matrix * columns[:, None, :]
        if self.settings.normalise == "none":
            return rows
        return rows / rows.sum(dim=-1, keepdim=True).clamp_min(1e-12)

    def _ats(self, block: Block, found: Trace, units: Tensor) -> Tensor:
        # Scores of patches alone: the distillation token's column is 0 before rows are divided by their sum.
        columns = units if not found.distillation_token else _with_distillation_token(units)
        matrix = found.tokens(ats(block, columns), 1, 2)
        return matrix[:, :1] if self.settings.rows == "cls" else matrix

    def _globenc(self, block: Block, found: Trace) -> Tensor:
        if self.settings.rows == "cls":
            return found.tokens(globenc_row(block, train=True), 1)[:, None]
        return found.tokens(globenc(block, train=True), 1, 2)


def _with_distillation_token(units: Tensor) -> Tensor:
    """A column of 0 where a DeiT keeps its distillation token."""
    return torch.cat([units[:, :1], units.new_zeros(len(units), 1), units[:, 1:]], dim=1)
