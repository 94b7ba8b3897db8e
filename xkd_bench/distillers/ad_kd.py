"""AD-KD: the student matches the teacher's input attributions, beside its answers (Wu et al. 2023).

The paper and its released code differ in the explained output, the baseline and the constants; both can be had.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from xkd_bench.distillers.contract import Again, Declaration, Distiller, Settings, Step, TeacherUse
from xkd_bench.distillers.matching import real_tokens, unit_length
from xkd_bench.distillers.pairing import Needs
from xkd_bench.distillers.soft_targets import SoftTargetSettings, Variant, answer_terms
from xkd_bench.models.blocks import wide
from xkd_bench.models.trace import Instead, Trace, Watch

Reading = Literal["code", "paper"]
SMALLEST_SCORE = 1e-11  # above what `token_lengths` gives an attribution of zero


class ADKDSettings(SoftTargetSettings):
    """beta: weight of the attribution term. steps: m of the integral. dimensions: K, largest dimensions of the
    teacher's attribution kept of each token, 0 for all.

    reading: `code` explains log p of every class from a zero baseline; `paper` explains p from padding's embeddings.
    student_mode: `train` keeps dropout on in the student's attributions, `eval` takes another forward without.
    """

    variant: Variant = "adkd"
    alpha: Annotated[float, Field(ge=0, le=1)] = 0.9
    temperature: Annotated[float, Field(gt=0)] = 1.0
    beta: Annotated[float, Field(ge=0)] = 1.0
    steps: Annotated[int, Field(ge=1)] = 1
    dimensions: Annotated[int, Field(ge=0)] = 0
    reading: Reading = "code"
    student_mode: Literal["train", "eval"] = "train"


class ADKD(Distiller):
    """L = (1 − α) CE + α K + β Σ_c Σ_{b,i} (â_S − â_T)² / #{(b, i): a_T > 0}.

    a[b, i, c] is the length of token i's attribution of class c over the dimensions of its embedding, â its share of
    the example's length; a_T keeps the K largest dimensions. Attributions are integrated gradients with m right steps.
    """

    teacher: TeacherUse = "trace"
    watch = Watch(embedding_gradient=True)
    settings_type: ClassVar[type[Settings]] = ADKDSettings

    def needs(self) -> Needs:
        return Needs(same_tokens=True)

    def declares(self) -> Declaration:
        return Declaration(explainers=("input_x_gradient", "integrated_gradients"))

    def terms(self, step: Step) -> dict[str, Tensor]:
        settings: ADKDSettings = self.settings
        assert step.student_again is not None
        assert step.teacher_again is not None
        terms = answer_terms(self.card, settings, step)
        if not settings.beta:
            return terms
        student = step.student
        if settings.student_mode == "eval":
            student = step.student_again(self.watch, dropout=False)
        real = real_tokens(step.mask, student.tokens(_embeddings(student), 1))
        theirs = self._token_scores(step.teacher_trace, step.teacher_again, real, keep=settings.dimensions, train=False)
        ours = self._token_scores(student, step.student_again, real, keep=0, train=True)
        terms["attribution"] = settings.beta * attribution_distance(ours, theirs.detach(), real)
        return terms

    def _token_scores(self, found: Trace, again: Again, real: Tensor, keep: int, train: bool) -> Tensor:
        """a (B, n, views): the length of each token's attribution of each explained output."""
        settings: ADKDSettings = self.settings
        variable = _embeddings(found)
        # Padding's embeddings are no variable: their gradient is not part of an attribution.
        baseline = again.blank_embeddings().detach() if settings.reading == "paper" else torch.zeros_like(variable)
        gradients = self._gradients(found, train)
        dropout = None if not train or settings.student_mode == "train" else False
        for k in range(1, settings.steps):
            point = baseline + (variable - baseline) * (k / settings.steps)
            inner = again(self.watch, Instead(embeddings=point), dropout)
            gradients = [one + more for one, more in zip(gradients, self._gradients(inner, train), strict=True)]
        views = []
        for gradient in gradients:
            attribution = found.tokens((variable - baseline) * gradient / settings.steps, 1)
            views.append(token_lengths(attribution, keep))
        return torch.stack(views, dim=-1) * real[:, :, None]

    def _gradients(self, found: Trace, train: bool) -> list[Tensor]:
        """∂F_c/∂E of every view c, each (B, n, d)."""
        outputs = self._views(wide(found.logits))
        return [
            torch.autograd.grad(outputs[:, c].sum(), _embeddings(found), create_graph=train, retain_graph=True)[0]
            for c in range(outputs.shape[1])
        ]

    def _views(self, logits: Tensor) -> Tensor:
        """The explained outputs, (B, views).

        Of two classes and one step one view says everything: each gradient is a multiple of that of z_1 − z_0, which
        the unit length takes out again.
        """
        if self.card.kind == "regression":
            return logits
        outputs = torch.log_softmax(logits, dim=1)
        if self.settings.reading == "paper":
            outputs = outputs.exp()
        return outputs[:, 1:] if outputs.shape[1] == 2 and self.settings.steps == 1 else outputs


def token_lengths(attribution: Tensor, keep: int = 0) -> Tensor:
    """‖top_K |a|‖₂ over the last axis; all of it where keep is 0 or no smaller than the width."""
    squares = attribution.square()
    if 0 < keep < squares.shape[-1]:
        squares = squares.topk(keep, dim=-1).values
    return (squares.sum(dim=-1) + 1e-24).sqrt()


def attribution_distance(student: Tensor, teacher: Tensor, real: Tensor) -> Tensor:
    """Σ_c Σ_{b,i} (â_S − â_T)² / #{(b, i): a_T > 0} for token scores (B, n, views), â of unit length over tokens."""
    weight = real[:, :, None]
    ours = unit_length((student * weight).transpose(1, 2)).transpose(1, 2)
    theirs = unit_length((teacher * weight).transpose(1, 2)).transpose(1, 2)
    counted = ((teacher > SMALLEST_SCORE) & (weight > 0)).sum(dim=(0, 1)).clamp_min(1)
    return ((ours - theirs).square().sum(dim=(0, 1)) / counted).sum()


def _embeddings(found: Trace) -> Tensor:
    assert found.embeddings is not None
    return found.embeddings
