"""What explainers by gradient share: the explained scalar as a function of token ids; scores of tokens become units'.

Gradients are taken at the output of the word embedding module. Rows of a batch have one length and their number is a
multiple of eight (`models.batching`), so that a score does not depend by one bit on what else is explained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from xkd_bench.explainers.coalitions import FloatArray
from xkd_bench.explainers.contract import Explanation, Question
from xkd_bench.explainers.token_scores import words_from_tokens
from xkd_bench.metrics.contract import Reason
from xkd_bench.models.classifier import Classifier
from xkd_bench.models.encoding import Row, Spans, TextEncoder

TARGET = "target"
Scalar = Callable[..., torch.Tensor]


@dataclass(frozen=True)
class EncodedQuestion:
    """A question as the model gets it. row: its forward arguments and, beside them, `TARGET`. spans: of its tokens."""

    question: Question
    row: Row
    spans: Spans


@dataclass(frozen=True)
class TokenScores:
    """values: (T,), signed; of an image (h, w), one a pixel. reason, notes: as in `Explanation`."""

    values: FloatArray
    reason: Reason | None = None
    notes: Mapping[str, float] = field(default_factory=dict)


def explain_tokens(
    classifier: Classifier,
    questions: Sequence[Question],
    advance: Callable[[int], None],
    score: Callable[[Sequence[EncodedQuestion]], Sequence[TokenScores]],
) -> list[Explanation]:
    """Scores of tokens, summed over the tokens of each unit; `not_measured` where a tokenizer has no offsets.

    score: calls `advance` itself.
    """
    encoder = classifier.encoder
    if not isinstance(encoder, TextEncoder):
        raise TypeError("explanations of words need a model of texts")
    rows, spans = encoder.encode_with_spans([question.input for question in questions])
    if spans is None:
        advance(len(questions))
        return [Explanation.without_value(len(question.units), "not_measured") for question in questions]
    encoded = [
        EncodedQuestion(question, {**row, TARGET: question.target}, of_row)
        for question, row, of_row in zip(questions, rows, spans, strict=True)
    ]
    return [_explanation(one, found) for one, found in zip(encoded, score(encoded), strict=True)]


def explained_scalar(
    classifier: Classifier, tensors: Mapping[str, torch.Tensor]
) -> tuple[Scalar, tuple[torch.Tensor, ...]]:
    """F and its arguments (input ids or pixel values, targets, …) for the B rows of a batch; F gives (B,).

    F is z_c − logsumexp_{k≠c} z_k for the row's own target c, or the prediction of a regression.
    """
    first = next(name for name in ("input_ids", "pixel_values") if name in tensors)
    names = [first, TARGET, *(name for name in tensors if name not in (first, TARGET))]

    def scalar(*values: torch.Tensor) -> torch.Tensor:
        arguments = dict(zip(names, values, strict=True))
        target = arguments.pop(TARGET)[:, None]
        logits: torch.Tensor = classifier.model(**arguments).logits[:, classifier.columns].double()
        if logits.shape[1] == 1:
            return logits[:, 0]
        others = logits.scatter(1, target, -torch.inf)
        return logits.gather(1, target)[:, 0] - others.logsumexp(1)

    return scalar, tuple(tensors[name] for name in names)


def token_sums(attributions: torch.Tensor) -> FloatArray:
    """Attributions of embeddings, summed over their dimension; (B, T, d) → (B, T)."""
    return np.asarray(attributions.detach().double().sum(2).cpu().numpy())


def _explanation(encoded: EncodedQuestion, found: TokenScores) -> Explanation:
    units = encoded.question.words
    if not np.isfinite([*found.values, *found.notes.values()]).all():
        shares = {"special_share": float("nan"), "stray_share": float("nan")}
        return Explanation.without_value(len(units), "non_finite", {**found.notes, **shares})
    words = words_from_tokens(units, *encoded.spans, found.values)
    shares = {"special_share": words.special_share, "stray_share": words.stray_share}
    return Explanation(words.scores, words.covered, found.reason, {**found.notes, **shares})
