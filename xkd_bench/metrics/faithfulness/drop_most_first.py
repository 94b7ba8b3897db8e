"""Is more lost when the most important units are masked first than when units are masked at random?"""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, MaskingMetric, MaskingView
from xkd_bench.metrics.faithfulness.area import area


def per_example(view: MaskingView) -> FloatArray:
    """AUC_random − AUC_most of each example, (n,): above 0 where the explanation names what the model depends on."""
    return np.asarray(area(view.levels, view.random) - area(view.levels, view.most))


metric = MaskingMetric(card=card_beside(__file__), per_example=per_example)
