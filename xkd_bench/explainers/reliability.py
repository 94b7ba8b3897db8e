"""How well an explainer that reads a sample of maskings would repeat itself on another sample.

The sample's own noise, and no ceiling for a student: that is what the teacher trained again gives.
"""

from __future__ import annotations

from xkd_bench.explainers.coalitions import FloatArray
from xkd_bench.metrics.alignment.vectors import correlation


def reliability(first: FloatArray, second: FloatArray) -> float:
    """2r / (1 + r), r the Pearson correlation of the scores (n,) and (n,) that two halves of a sample give: the
    correlation two whole samples would have. NaN where r is −1 or not defined, as for a constant or no scores at all.

    Source: Spearman (1910), Correlation calculated from faulty data; Brown (1910), Some experimental results in the
    correlation of mental abilities; British Journal of Psychology 3, 271–295 and 296–322.
    """
    r = float(correlation(first, second)) if len(first) else float("nan")
    return 2 * r / (1 + r) if r > -1 else float("nan")
