"""The scores of two students, or of several students of two methods, held against each other one by one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xkd_bench.metrics.contract import FloatArray, Reason
from xkd_bench.metrics.quantity import Quantity
from xkd_bench.statistics.power import smallest_difference
from xkd_bench.statistics.seeds import seeds_difference, sign_flip_p_value, smallest_p_value
from xkd_bench.statistics.wilson import at_the_edge, wilson_interval
from xkd_bench.verdicts.measured import Found, MeasuredEntry, as_quantity, as_reason
from xkd_bench.verdicts.names import direction_of, family_of, title_of
from xkd_bench.verdicts.outcome import ScoreComparison, SeedsEvidence, Side
from xkd_bench.verdicts.paired import draws_of, own_interval, paired, swap_p_values

PERMUTATIONS = 9_999
PROPORTIONS = ("accuracy", "agreement")


@dataclass(frozen=True)
class _Group:
    """The students of one method: each one's scores, and their draws."""

    quantities: Sequence[Mapping[str, Quantity]]
    drawn: Sequence[Mapping[str, FloatArray]]

    def of(self, name: str) -> tuple[list[Quantity], list[FloatArray]]:
        return [one[name] for one in self.quantities], [one[name] for one in self.drawn]


def compare_scores(
    names: Sequence[str], measured: Sequence[Sequence[MeasuredEntry]], margins: Mapping[str, float]
) -> list[ScoreComparison]:
    """Every score of two groups of students of one track, before p-values are adjusted and verdicts given."""
    some = measured[0][0]
    found = [[{name: one.quantity(name) for name in names} for one in group] for group in measured]
    reasons = {name: tuple(_first_reason(group, name) for group in found) for name in names}
    defined = [name for name in names if reasons[name] == (None, None)]
    resamples, words = some.protocol.statistics.resamples, some.seed_words
    groups = []
    for group in found:
        quantities = [{name: as_quantity(one[name]) for name in defined} for one in group]
        groups.append(_Group(quantities, [draws_of(one, resamples, words) for one in quantities]))
    pairs = {name: (groups[0].quantities[0][name], groups[1].quantities[0][name]) for name in defined}
    p_values = swap_p_values(pairs, PERMUTATIONS, words) if len(measured[0]) == len(measured[1]) == 1 else None
    scores = []
    for name in names:
        margin = margins.get(name, margins.get(family_of(name)))
        first, second = map(_nothing, reasons[name])
        blank = ScoreComparison(name, title_of(name), direction_of(name), first, second, margin=margin)
        scores.append(_one(blank, groups[0], groups[1], p_values, words) if name in defined else blank)
    return scores


def _first_reason(group: Sequence[Mapping[str, Found]], name: str) -> Reason | None:
    """Why a score of a group has no value, None where all its students have one."""
    return next((reason for one in group if (reason := as_reason(one[name])) is not None), None)


def _one(
    blank: ScoreComparison,
    first: _Group,
    second: _Group,
    p_values: Mapping[str, float | None] | None,
    seed_words: tuple[str, ...],
) -> ScoreComparison:
    """p_values: of single students, None where there are several."""
    (own, own_draws), (other, other_draws) = first.of(blank.name), second.of(blank.name)
    blank = replace(blank, first=_side(blank.name, own, own_draws), second=_side(blank.name, other, other_draws))
    if p_values is None:
        return _of_seeds(blank, own_draws, other_draws, (blank.name, *seed_words))
    return _of_two(blank, own[0], other[0], (own_draws[0], other_draws[0]), p_values[blank.name])


def _of_two(
    blank: ScoreComparison,
    first: Quantity,
    second: Quantity,
    drawn: tuple[FloatArray, FloatArray],
    p_value: float | None,
) -> ScoreComparison:
    difference = paired(first, second, drawn)
    low, high = difference.interval()
    return replace(
        blank,
        difference=difference.value + 0.0,
        low=low,
        high=high,
        narrow=difference.interval(0.9),
        standard_error=_known(difference.standard_error),
        smallest=_known(smallest_difference(difference.standard_error)),
        p_value=p_value,
    )


def _of_seeds(
    blank: ScoreComparison, first: Sequence[FloatArray], second: Sequence[FloatArray], seed_words: tuple[str, ...]
) -> ScoreComparison:
    one, other = np.array(first), np.array(second)
    keep = np.isfinite(np.vstack([one, other])).all(axis=0)  # plain values are finite: undefined ones are left out
    n = min(blank.first.n, blank.second.n)
    found = seeds_difference(one[:, keep], other[:, keep], n, seed_words)
    k = len(first)
    paired_seeds = k == len(second)
    evidence = SeedsEvidence(
        pairs=k if paired_seeds else 0,
        p_value=sign_flip_p_value(other[:, 0] - one[:, 0]) if paired_seeds else None,
        smallest_p_value=smallest_p_value(k) if paired_seeds else None,
    )
    return replace(
        blank,
        difference=found.value + 0.0,
        low=found.low,
        high=found.high,
        narrow=found.interval(0.9),
        standard_error=_known(found.standard_error),
        smallest=_known(smallest_difference(found.standard_error)),
        p_value=found.p_value,
        seeds=evidence,
    )


def _side(name: str, quantities: Sequence[Quantity], drawn: Sequence[FloatArray]) -> Side:
    values = [float(one[0]) for one in drawn]
    low, high = own_interval(np.mean(drawn, axis=0))
    n = min(one.n for one in quantities)
    if len(quantities) == 1 and family_of(name) in PROPORTIONS and quantities[0].clusters is None:
        successes = round(values[0] * n)
        if at_the_edge(successes, n):
            low, high = wilson_interval(successes, n)
    return Side(float(np.mean(values)) + 0.0, low, high, n, None, tuple(values) if len(values) > 1 else ())


def _nothing(reason: Reason | None) -> Side:
    return Side(None, None, None, 0, reason)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
