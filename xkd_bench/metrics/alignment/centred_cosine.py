"""The headline of alignment: the cosine of the explanations once each has lost its mean, Pearson's correlation.

Half of the squared norm of an attribution that sums to f(x) − f(∅) can be its mean, which says nothing of one unit
against another.
"""

from __future__ import annotations

from xkd_bench.metrics.alignment.vectors import correlation
from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import SimilarityMetric

metric = SimilarityMetric(card=card_beside(__file__), similarity=correlation)
