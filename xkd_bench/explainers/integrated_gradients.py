"""Integrated gradients (Sundararajan et al. 2017) along the line from padding to the text, in word embeddings.

φ_t = (e_t − e'_t) · ∫_0^1 ∂F/∂e_t (e' + α (e − e')) dα, the integral by Gauss and Legendre. In the baseline e' every
token of the text is replaced by the padding token; those the tokenizer added ([CLS], every [SEP]) stay. Length,
positions, segments and attention mask are the text's own all along the line, so the padding is attended to.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from captum.attr import LayerIntegratedGradients  # type: ignore[import-untyped]

from xkd_bench.explainers.cards import card_beside
from xkd_bench.explainers.contract import ExplainerSettings, Explanation, ModelExplainer, Question
from xkd_bench.explainers.gradients import (
    EncodedQuestion,
    Scalar,
    TokenScores,
    explain_tokens,
    explained_scalar,
    token_sums,
)
from xkd_bench.metrics.contract import FloatArray
from xkd_bench.models.batching import ROW_MULTIPLE
from xkd_bench.models.classifier import Classifier
from xkd_bench.models.encoding import Row

BASELINE = "baseline_ids"
TOLERANCE = 0.05  # of the gap, beyond which the steps are doubled
MOST_STEPS = 400
SMALLEST_DIFFERENCE = 1e-3


def integrated_gradients(
    classifier: Classifier, questions: Sequence[Question], settings: ExplainerSettings, advance: Callable[[int], None]
) -> list[Explanation]:
    """Explanations with `settings.steps` steps, doubled up to `MOST_STEPS` where the gap exceeds `TOLERANCE`.

    gap = |Σ φ − (F(x) − F(x'))| / max(|F(x) − F(x')|, 1e-3), over all tokens; `not_converged` where it stays too large.
    """

    def score(encoded: Sequence[EncodedQuestion]) -> list[TokenScores]:
        padding = padding_id(classifier)
        rows = [with_baseline(one, [s is None for s in one.spans[1]], padding) for one in encoded]
        return _converged(classifier, rows, settings.steps, advance)

    return explain_tokens(classifier, questions, advance, score)


def padding_id(classifier: Classifier) -> int:
    """Token of the baseline: padding; of a tokenizer without one, the unknown token, else the end of a text."""
    tokenizer: Any = classifier.encoder.tokenizer  # type: ignore[attr-defined]
    ids = (tokenizer.pad_token_id, tokenizer.unk_token_id, tokenizer.eos_token_id)
    return next((int(i) for i in ids if i is not None), 0)


def with_baseline(encoded: EncodedQuestion, keep: Sequence[bool], padding: int) -> Row:
    """The row and, beside it, its baseline: padding at every token that is not kept."""
    ids = encoded.row["input_ids"]
    return {**encoded.row, BASELINE: [i if kept else padding for i, kept in zip(ids, keep, strict=True)]}


def integrate(
    classifier: Classifier, rows: Sequence[Row], steps: int, advance: Callable[[int], None] = lambda count: None
) -> list[TokenScores]:
    """Integrated gradients of `rows` (of `with_baseline`), with notes `gap` and `steps`."""

    def compute(tensors: dict[str, torch.Tensor], count: int) -> list[TokenScores]:
        baseline = tensors.pop(BASELINE)
        scalar, arguments = explained_scalar(classifier, tensors)
        embedding = classifier.model.get_input_embeddings()
        difference = _difference(scalar, arguments, embedding, baseline)[:count]
        found = np.concatenate(list(_attributions(scalar, arguments, embedding, baseline, count, steps)))[:count]
        gaps = np.abs(found.sum(axis=1) - difference) / np.maximum(np.abs(difference), SMALLEST_DIFFERENCE)
        return [
            TokenScores(values, notes={"gap": float(gap), "steps": float(steps)})
            for values, gap in zip(found, gaps, strict=True)
        ]

    # Beside the steps, captum looks up both ends' embeddings by running the model, and so do the two values of F.
    return classifier.in_batches(rows, compute, advance, forwards_a_row=steps + 4)


def _converged(
    classifier: Classifier, rows: Sequence[Row], steps: int, advance: Callable[[int], None]
) -> list[TokenScores]:
    found: dict[int, TokenScores] = {}
    waiting = list(range(len(rows)))
    while waiting:
        found |= zip(waiting, integrate(classifier, [rows[i] for i in waiting], steps), strict=True)
        too_rough = [i for i in waiting if found[i].notes["gap"] > TOLERANCE]
        if steps >= MOST_STEPS:
            found |= {i: TokenScores(found[i].values, "not_converged", found[i].notes) for i in too_rough}
            too_rough = []
        advance(len(waiting) - len(too_rough))
        waiting, steps = too_rough, min(2 * steps, MOST_STEPS)
    return [found[i] for i in range(len(rows))]


def _attributions(
    scalar: Scalar,
    arguments: tuple[torch.Tensor, ...],
    embedding: torch.nn.Module,
    baseline: torch.Tensor,
    count: int,
    steps: int,
) -> Iterator[FloatArray]:
    """Token scores (b, T) of one group of rows after the other.

    Several steps of an example share a forward, so that few examples need no filling up to eight rows; how many is a
    function of `steps` alone, since the order in which steps are added shows in the last bit.
    """
    together = math.gcd(steps, ROW_MULTIPLE)
    size, multiple = len(baseline) // together, ROW_MULTIPLE // together
    end = count + -count % multiple
    for start in range(0, count, size):
        group = slice(start, min(start + size, end))
        ids, *others = (value[group] for value in arguments)
        yield token_sums(
            LayerIntegratedGradients(scalar, embedding).attribute(
                ids,
                baselines=baseline[group],
                additional_forward_args=tuple(others),
                n_steps=steps,
                method="gausslegendre",
                internal_batch_size=together * len(ids),
            )
        )


@torch.no_grad()
def _difference(
    scalar: Scalar, arguments: tuple[torch.Tensor, ...], embedding: torch.nn.Module, baseline: torch.Tensor
) -> FloatArray:
    """F(x) − F(x'), (B,). x' is x with other word embeddings: its own ids would move what a model reads off them,
    such as the positions of RoBERTa, which counts no padding."""
    at_input = scalar(*arguments)
    with _embedding_gives(embedding, embedding(baseline)):
        at_baseline = scalar(*arguments)
    return np.asarray((at_input - at_baseline).cpu().numpy())


@contextmanager
def _embedding_gives(embedding: torch.nn.Module, values: torch.Tensor) -> Iterator[None]:
    handle = embedding.register_forward_hook(lambda module, given, output: values)
    try:
        yield
    finally:
        handle.remove()


explainer = ModelExplainer(
    card=card_beside(__file__),
    version=1,
    explain=integrated_gradients,
    libraries=("captum",),
    depends_on=lambda settings: {"steps": settings.steps},
)
