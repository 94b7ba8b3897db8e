"""A text or a pair of texts as the one string that lime and shap take apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xkd_bench.explainers.coalitions import FloatArray
from xkd_bench.explainers.masked_text import distinct
from xkd_bench.explainers.token_scores import WordScores, words_from_tokens
from xkd_bench.models.classifier import Classifier
from xkd_bench.tasks.examples import TextInput
from xkd_bench.tasks.words import Unit


@dataclass(frozen=True)
class OneText:
    """`input` as a string: a pair is joined by `separator`, which the library must leave in every variant.

    The papers do not say how they gave pairs to the libraries. Here the model always gets a pair as a pair. White space
    before the second text is left out: shap would take it for a part of the separator and mask both.
    """

    input: TextInput
    separator: str

    @property
    def string(self) -> str:
        text, pair = self.input
        return text if pair is None else text + self.separator + pair.lstrip()

    def parted(self, variant: str) -> TextInput:
        """A variant of the string as an input of the model."""
        if self.input.text_pair is None:
            return TextInput(variant)
        parts = variant.split(self.separator)
        first = self.input.text.count(self.separator) + 1
        return TextInput(self.separator.join(parts[:first]), self.separator.join(parts[first:]))

    def scores_of_units(
        self, units: Sequence[Unit], offsets: Sequence[tuple[int, int]], scores: FloatArray
    ) -> WordScores:
        """Scores of character spans of the string, summed over the spans of each unit."""
        text, pair = self.input
        segments = [int(pair is not None and start >= len(text)) for start, _ in offsets]
        second = len(self.string) - len(pair or "")  # where character 0 of the second text stands, or would stand
        shifts = [segment * second for segment in segments]
        spans = [(start - shift, stop - shift) for (start, stop), shift in zip(offsets, shifts, strict=True)]
        return words_from_tokens(units, spans, segments, scores)


def finite_logits(classifier: Classifier, texts: Sequence[TextInput]) -> FloatArray:
    """Logits (m, C), equal texts asked once. Raises `FloatingPointError` where one is NaN or infinite."""
    unique, inverse = distinct(texts)
    logits = classifier.logits(unique)[inverse]
    if not np.isfinite(logits).all():
        raise FloatingPointError("a logit is NaN or infinite")
    return logits
