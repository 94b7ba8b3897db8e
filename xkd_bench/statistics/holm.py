"""Holm's step-down adjustment of the p-values of a family."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Name → adjusted p-value, as `adjusted` gives it."""
    found = adjusted(np.array(list(p_values.values()), dtype=np.float64))
    return dict(zip(p_values, found.tolist(), strict=True))


def adjusted(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjusted p-values (m,) of m: of the sorted ones, p̃_(i) = max_{j ≤ i} min(1, (m − j + 1) p_(j)).

    Rejecting where p̃ < α keeps the chance of any false rejection in the family below α, whatever the dependence.
    Source: Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6.
    """
    order = np.argsort(p_values, kind="stable")
    stepped = np.minimum(1.0, p_values[order] * np.arange(len(p_values), 0, -1))
    found = np.empty_like(stepped)
    found[order] = np.maximum.accumulate(stepped) if len(stepped) else stepped
    return found
