"""The cosine of the explanations as they are, the measure of earlier work."""

from __future__ import annotations

from xkd_bench.metrics.alignment.vectors import cosine
from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import SimilarityMetric

metric = SimilarityMetric(card=card_beside(__file__), similarity=cosine)
