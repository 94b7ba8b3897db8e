"""Holm's step-down adjustment of the p-values of a family."""

from __future__ import annotations

from collections.abc import Mapping


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Name → adjusted p-value: of m sorted ones, p̃_(i) = max_{j ≤ i} min(1, (m − j + 1) p_(j)).

    Rejecting where p̃ < α keeps the chance of any false rejection in the family below α, whatever the dependence.
    Source: Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6.
    """
    adjusted: dict[str, float] = {}
    largest = 0.0
    for place, name in enumerate(sorted(p_values, key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[name]))
        adjusted[name] = largest
    return {name: adjusted[name] for name in p_values}
