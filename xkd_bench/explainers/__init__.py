"""From a classifier's answers to one signed score per unit; one algorithm a file, arrays in and arrays out.

`tasks.words` says what is scored, `coalitions` and `masked_text` what a model is asked, and `lime`, `shapley` and
`occlusion` read the answers.
"""

from __future__ import annotations

from xkd_bench.explainers.coalitions import Coalitions, halves, plan_coalitions
from xkd_bench.explainers.lime import lime_attributions
from xkd_bench.explainers.masked_text import DELETE, distinct, masked_text, masked_texts
from xkd_bench.explainers.occlusion import occlusion_effects
from xkd_bench.explainers.reliability import reliability
from xkd_bench.explainers.shapley import shapley_values
from xkd_bench.explainers.token_scores import WordScores, unit_of_tokens, words_from_tokens

__all__ = [
    "DELETE",
    "Coalitions",
    "WordScores",
    "distinct",
    "halves",
    "lime_attributions",
    "masked_text",
    "masked_texts",
    "occlusion_effects",
    "plan_coalitions",
    "reliability",
    "shapley_values",
    "unit_of_tokens",
    "words_from_tokens",
]
