"""Integrated gradients as the papers ran them: 50 steps from `[CLS] [PAD] … [PAD] [SEP]`.

The baseline keeps what the tokenizer added at the two ends alone, so the separator inside a pair is padding in it, and
nothing is done about a sum that misses F(x) − F(x'): the note `gap` tells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xkd_bench.explainers.cards import card_beside
from xkd_bench.explainers.contract import ExplainerSettings, Explanation, ModelExplainer, Question
from xkd_bench.explainers.gradients import EncodedQuestion, TokenScores, explain_tokens
from xkd_bench.explainers.integrated_gradients import integrate, padding_id, with_baseline
from xkd_bench.models.classifier import Classifier

STEPS = 50


def paper_integrated_gradients(
    classifier: Classifier, questions: Sequence[Question], settings: ExplainerSettings, advance: Callable[[int], None]
) -> list[Explanation]:
    """Explanations by `integrated_gradients.integrate` with the papers' baseline and steps."""

    def score(encoded: Sequence[EncodedQuestion]) -> list[TokenScores]:
        padding = padding_id(classifier)
        rows = [with_baseline(one, _ends(one.spans[1]), padding) for one in encoded]
        return integrate(classifier, rows, STEPS, advance)

    return explain_tokens(classifier, questions, advance, score)


def _ends(segments: Sequence[int | None]) -> list[bool]:
    return [segment is None and i in (0, len(segments) - 1) for i, segment in enumerate(segments)]


explainer = ModelExplainer(
    card=card_beside(__file__), version=1, explain=paper_integrated_gradients, libraries=("captum",), images=False
)
