"""Integrated gradients (Sundararajan et al. 2017) along the line from a baseline that says nothing to the input.

φ_t = (e_t − e'_t) · ∫_0^1 ∂F/∂e_t (e' + α (e − e')) dα, the integral by Gauss and Legendre. For a text e are its word
embeddings; in the baseline e' every token of the text is replaced by the padding token, and those the tokenizer added
([CLS], every [SEP]) stay. Length, positions, segments and attention mask are the text's own all along the line, so the
padding is attended to. For an image e are the pixel values, and the baseline is the task's mean colour with some noise,
from which the sum converges faster than from one colour throughout, where every patch is alike (60 images of
demo/digits, 50 steps: largest gap .002 against .029).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import torch
from captum.attr import IntegratedGradients, LayerIntegratedGradients  # type: ignore[import-untyped]

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
from xkd_bench.explainers.pixels import explain_pixels, pixel_sums
from xkd_bench.metrics.contract import FloatArray
from xkd_bench.models.batching import ROW_MULTIPLE
from xkd_bench.models.classifier import Classifier
from xkd_bench.models.encoding import Row
from xkd_bench.randomness import generator
from xkd_bench.tasks.examples import ImageInput

BASELINE = "baseline"
TOLERANCE = 0.05  # of the gap, beyond which the steps are doubled
MOST_STEPS = 400
SMALLEST_DIFFERENCE = 1e-3
NOISE = 16  # of 255: pixels of an image's baseline lie within so much of the mean colour


def integrated_gradients(
    classifier: Classifier, questions: Sequence[Question], settings: ExplainerSettings, advance: Callable[[int], None]
) -> list[Explanation]:
    """Explanations with `settings.steps` steps, doubled up to `MOST_STEPS` where the gap exceeds `TOLERANCE`.

    gap = |Σ φ − (F(x) − F(x'))| / max(|F(x) − F(x')|, 1e-3), over all tokens; `not_converged` where it stays too large.
    """

    def score_tokens(encoded: Sequence[EncodedQuestion]) -> list[TokenScores]:
        padding = padding_id(classifier)
        rows = [with_baseline(one, [s is None for s in one.spans[1]], padding) for one in encoded]
        return _converged(classifier, rows, settings.steps, advance)

    def score_pixels(rows: Sequence[Row]) -> list[TokenScores]:
        images = classifier.encoder.encode([image_baseline(question, settings) for question in questions])
        both = [{**row, BASELINE: image["pixel_values"]} for row, image in zip(rows, images, strict=True)]
        return _converged(classifier, both, settings.steps, advance)

    if classifier.card.modality == "image":
        return explain_pixels(classifier, questions, score_pixels)
    return explain_tokens(classifier, questions, advance, score_tokens)


def image_baseline(question: Question, settings: ExplainerSettings) -> ImageInput:
    """The mean colour and noise that is drawn for the example, the same for every model; of the image's size."""
    assert isinstance(question.input, ImageInput)
    random = generator("integrated gradients, baseline", settings.suite_seed, question.example_id)
    noise = random.integers(-NOISE, NOISE + 1, question.input.pixels.shape)
    return ImageInput(np.clip(np.rint(settings.mean_colour or (127.5,) * 3) + noise, 0, 255).astype(np.uint8))


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
    """Integrated gradients of `rows`, which hold the baseline beside the input, with notes `gap` and `steps`."""

    def compute(tensors: dict[str, torch.Tensor], count: int) -> list[TokenScores]:
        baseline = tensors.pop(BASELINE)
        scalar, arguments = explained_scalar(classifier, tensors)
        line: _Line = _Pixels(scalar)
        if "pixel_values" not in tensors:
            line = _Words(scalar, classifier.model.get_input_embeddings())
        difference = line.difference(arguments, baseline)[:count]
        found = np.concatenate(list(_attributions(line, arguments, baseline, count, steps)))[:count]
        sums = found.reshape(count, -1).sum(axis=1)
        gaps = np.abs(sums - difference) / np.maximum(np.abs(difference), SMALLEST_DIFFERENCE)
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


class _Line(Protocol):
    """What the line is drawn in: word embeddings or pixel values."""

    def attribute(self, first: torch.Tensor, baseline: torch.Tensor, **options: Any) -> FloatArray:
        """captum's attributions of the first argument's tokens (b, T) or pixels (b, h, w)."""
        ...

    def difference(self, arguments: tuple[torch.Tensor, ...], baseline: torch.Tensor) -> FloatArray:
        """F(x) − F(x'), (B,)."""
        ...


def _attributions(
    line: _Line, arguments: tuple[torch.Tensor, ...], baseline: torch.Tensor, count: int, steps: int
) -> Iterator[FloatArray]:
    """Scores of one group of rows after the other.

    Several steps of an example share a forward, so that few examples need no filling up to eight rows; how many is a
    function of `steps` alone, since the order in which steps are added shows in the last bit.
    """
    together = math.gcd(steps, ROW_MULTIPLE)
    size, multiple = len(baseline) // together, ROW_MULTIPLE // together
    end = count + -count % multiple
    for start in range(0, count, size):
        group = slice(start, min(start + size, end))
        first, *others = (value[group] for value in arguments)
        yield line.attribute(
            first,
            baseline[group],
            additional_forward_args=tuple(others),
            n_steps=steps,
            method="gausslegendre",
            internal_batch_size=together * len(first),
        )


class _Words:
    """The line in word embeddings."""

    def __init__(self, scalar: Scalar, embedding: torch.nn.Module) -> None:
        self.scalar, self.embedding = scalar, embedding

    def attribute(self, first: torch.Tensor, baseline: torch.Tensor, **options: Any) -> FloatArray:
        captum = LayerIntegratedGradients(self.scalar, self.embedding)
        return token_sums(captum.attribute(first, baselines=baseline, **options))

    @torch.no_grad()
    def difference(self, arguments: tuple[torch.Tensor, ...], baseline: torch.Tensor) -> FloatArray:
        """x' is x with other word embeddings: its own ids would move what a model reads off them, such as the positions
        of RoBERTa, which counts no padding."""
        at_input = self.scalar(*arguments)
        with _embedding_gives(self.embedding, self.embedding(baseline)):
            at_baseline = self.scalar(*arguments)
        return np.asarray((at_input - at_baseline).cpu().numpy())


class _Pixels:
    """The line in pixel values."""

    def __init__(self, scalar: Scalar) -> None:
        self.scalar = scalar

    def attribute(self, first: torch.Tensor, baseline: torch.Tensor, **options: Any) -> FloatArray:
        return pixel_sums(IntegratedGradients(self.scalar).attribute(first, baselines=baseline, **options))

    @torch.no_grad()
    def difference(self, arguments: tuple[torch.Tensor, ...], baseline: torch.Tensor) -> FloatArray:
        pixels, *others = arguments
        return np.asarray((self.scalar(pixels, *others) - self.scalar(baseline, *others)).cpu().numpy())


@contextmanager
def _embedding_gives(embedding: torch.nn.Module, values: torch.Tensor) -> Iterator[None]:
    handle = embedding.register_forward_hook(lambda module, given, output: values)
    try:
        yield
    finally:
        handle.remove()


def _depends_on(settings: ExplainerSettings) -> dict[str, Any]:
    """Of a text the steps alone; of an image what its baseline is made of, too."""
    if settings.mean_colour is None:
        return {"steps": settings.steps}
    return {
        "steps": settings.steps,
        "suite_seed": settings.suite_seed,
        "mean_colour": list(settings.mean_colour),
        "noise": NOISE,
    }


explainer = ModelExplainer(
    card=card_beside(__file__),
    version=1,
    explain=integrated_gradients,
    libraries=("captum",),
    depends_on=_depends_on,
)
