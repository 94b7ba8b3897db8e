"""How much is lost with nothing but the words an explanation puts first (ERASER)?"""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, MaskingMetric, MaskingView


def per_example(view: MaskingView) -> FloatArray:
    """Mean over the shares of p(c | x) − p(c | only the top words), (n,): small where they suffice; NaN for images."""
    if view.only_top is None:
        return np.full(len(view.most), np.nan)
    return np.asarray(view.most[:, 0] - view.only_top)


metric = MaskingMetric(card=card_beside(__file__), per_example=per_example)
