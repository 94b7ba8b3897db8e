"""Does κ look as if the two prediction lists were in different row orders?

Two models that are right more often than chance agree at least as far as being right makes them. A κ far
below what independent errors would give is hardly a property of two models: it is what pairing rows by
position gives after one list was shuffled, which leaves both accuracies as they are and destroys κ.
"""

from __future__ import annotations

from math import isfinite, nan

import numpy as np

from xkd_bench.metrics.agreement import kappa, kappa_independent
from xkd_bench.metrics.contract import PairView
from xkd_bench.metrics.scoring import resample

STANDARD_ERRORS = 4.0


def row_order_warning(view: PairView, resamples: int, seed_words: tuple[str, ...]) -> str | None:
    """A sentence where κ < κ_independent − 4 s.e. on a classification view, else None.

    The standard error is the standard deviation of κ over the resamples. Each model is held against the
    labels of its own view, so the check also sees two lists that were paired by position.
    """
    if view.student.kind != "classification":
        return None
    found = resample(view, [kappa.metric, kappa_independent.metric], resamples, seed_words)
    values = found["kappa"].values[np.isfinite(found["kappa"].values)]
    standard_error = float(np.std(values, ddof=1)) if len(values) > 1 else nan
    return independence_warning(found["kappa"].value, found["kappa_independent"].value, standard_error)


def independence_warning(value: float, independent: float, standard_error: float) -> str | None:
    """The sentence for a κ of `value`; None where it is not suspicious, or where a number is missing."""
    if not all(map(isfinite, (value, independent, standard_error))):
        return None
    if value >= independent - STANDARD_ERRORS * standard_error:
        return None
    return (
        f"κ = {value:.3f} (standard error {standard_error:.3f}) is more than {STANDARD_ERRORS:.0f} standard "
        f"errors below {independent:.3f}, which two models of this accuracy reach even if their errors are "
        "independent. Check that both prediction lists are in the same row order: join them by example id."
    )
