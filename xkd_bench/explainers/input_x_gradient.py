"""Input × gradient: the gradient of the explained scalar times the word embedding, or pixel value, it is taken at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from captum.attr import InputXGradient, LayerGradientXActivation  # type: ignore[import-untyped]

from xkd_bench.explainers.cards import card_beside
from xkd_bench.explainers.contract import ExplainerSettings, Explanation, ModelExplainer, Question
from xkd_bench.explainers.gradients import EncodedQuestion, TokenScores, explain_tokens, explained_scalar, token_sums
from xkd_bench.explainers.pixels import explain_pixels, pixel_sums
from xkd_bench.models.classifier import Classifier
from xkd_bench.models.encoding import Row


def input_x_gradient(
    classifier: Classifier, questions: Sequence[Question], settings: ExplainerSettings, advance: Callable[[int], None]
) -> list[Explanation]:
    """φ_t = e_t · ∂F/∂e_t, e_t the word embedding of token t (Shrikumar et al. 2016); of an image, the pixel values."""

    def of_tokens(tensors: dict[str, torch.Tensor], count: int) -> list[TokenScores]:
        scalar, (ids, *others) = explained_scalar(classifier, tensors)
        layer = LayerGradientXActivation(scalar, classifier.model.get_input_embeddings())
        found = token_sums(layer.attribute(ids, additional_forward_args=tuple(others)))
        return [TokenScores(values) for values in found[:count]]

    def of_pixels(tensors: dict[str, torch.Tensor], count: int) -> list[TokenScores]:
        scalar, (pixels, *others) = explained_scalar(classifier, tensors)
        found = InputXGradient(scalar).attribute(pixels.clone().requires_grad_(), additional_forward_args=tuple(others))
        return [TokenScores(values) for values in pixel_sums(found)[:count]]

    def score_tokens(encoded: Sequence[EncodedQuestion]) -> list[TokenScores]:
        return classifier.in_batches([one.row for one in encoded], of_tokens, advance)

    def score_pixels(rows: Sequence[Row]) -> list[TokenScores]:
        return classifier.in_batches(rows, of_pixels, advance)

    if classifier.card.modality == "image":
        return explain_pixels(classifier, questions, score_pixels)
    return explain_tokens(classifier, questions, advance, score_tokens)


explainer = ModelExplainer(card=card_beside(__file__), version=1, explain=input_x_gradient, libraries=("captum",))
