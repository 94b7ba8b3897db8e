"""Counterfactual agreement on minimal pairs: the same small change, and whether both models follow it alike."""

from __future__ import annotations

import numpy as np

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, IntArray, ModelView, PairView, SumMetric
from xkd_bench.metrics.quotient import quotient


def statistics(view: PairView) -> FloatArray:
    """(n, 2): whether the effects of both models have one sign, 1; zeros for examples without a twin."""
    rows = view.teacher.twin_rows
    paired = np.flatnonzero(rows >= 0)
    target = view.teacher.predicted[paired]
    signs = [np.sign(_effect(one, paired, rows[paired], target)) for one in (view.student, view.teacher)]
    found = np.zeros((len(rows), 2))
    found[paired] = np.stack([signs[0] == signs[1], np.ones(len(paired))], axis=1)
    return found


def finish(sums: FloatArray) -> FloatArray:
    return quotient(sums[..., 0], sums[..., 1])


def _effect(view: ModelView, rows: IntArray, twins: IntArray, target: IntArray) -> FloatArray:
    """s(x) − s(x'), (m,): of the log-odds of the target class, or of the value of a regression."""
    if view.kind == "regression":
        return view.values[rows] - view.values[twins]
    return _log_odds(view, rows, target) - _log_odds(view, twins, target)


def _log_odds(view: ModelView, rows: IntArray, target: IntArray) -> FloatArray:
    """z_c − log Σ_{k≠c} exp z_k of class c = target, (m,)."""
    logits = view.logits[rows]
    others = logits.copy()
    others[np.arange(len(rows)), target] = -np.inf
    return np.asarray(logits[np.arange(len(rows)), target] - np.logaddexp.reduce(others, axis=1))


metric = SumMetric(card=card_beside(__file__), statistics=statistics, finish=finish)
