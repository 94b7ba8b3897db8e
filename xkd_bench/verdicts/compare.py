"""Is B better than A? Every score of two entries, or of several students of two methods, on the tasks both have."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from xkd_bench.errors import BadInputError
from xkd_bench.metrics.contract import FloatArray
from xkd_bench.metrics.quantity import Quantity
from xkd_bench.statistics.holm import holm
from xkd_bench.statistics.power import smallest_difference
from xkd_bench.statistics.seeds import seeds_difference, sign_flip_p_value, smallest_p_value
from xkd_bench.statistics.wilson import at_the_edge, wilson_interval
from xkd_bench.verdicts.changed_examples import changed_examples
from xkd_bench.verdicts.entries import why_not_comparable
from xkd_bench.verdicts.measured import MeasuredEntry
from xkd_bench.verdicts.names import (
    chosen_names,
    default_names,
    direction_of,
    family_of,
    title_of,
    unknown_name,
)
from xkd_bench.verdicts.outcome import (
    Group,
    NotComparable,
    Outcome,
    ScoreComparison,
    SeedsEvidence,
    Side,
    TaskComparison,
    label_of,
)
from xkd_bench.verdicts.paired import draws_of, own_interval, paired, swap_p_values
from xkd_bench.verdicts.verdict import verdict_of

PERMUTATIONS = 9_999
PROPORTIONS = ("accuracy", "agreement")


def compare(
    groups: Sequence[Group], metrics: Sequence[str] = (), margins: Mapping[str, float] | None = None
) -> Outcome:
    """Hold every group but the first against the first, on all tasks they share.

    groups: one or more submissions (`entries.read_entries`) of one method each. metrics: names of scores or of
    families of them; the headline scores where none is given. margins: name of a score or family → the difference that
    does not matter. P-values are adjusted over all scores of all pairs of a task.

    Raises `BadInputError` for fewer than two groups, a name that no task has, or nothing comparable at all, saying why.
    """
    if len(groups) < 2:
        raise BadInputError(
            where="compare", expected="two submissions or more", found=str(len(groups)), fix="name the second one, too"
        )
    compared: list[TaskComparison] = []
    failed: list[NotComparable] = []
    for task in dict.fromkeys(task for group in groups for entries in group for task in entries):
        found = []
        for other in groups[1:]:
            why = _why_not(task, groups[0], other)
            if why:
                failed.append(NotComparable(task, label_of(groups[0]), label_of(other), why))
            else:
                found.append(_compare_task(task, groups[0], other, metrics, margins or {}))
        compared += _adjusted(found)
    if not compared:
        told = "; ".join(f"{one.task}: {', '.join(one.reasons)}" for one in failed)
        raise BadInputError(
            where=" and ".join(label_of(group) for group in groups),
            expected="records of one track: the same rows, teacher and protocol",
            found=told,
            fix="evaluate both against the same teacher, on the same data, under the same protocol",
        )
    _check_margins(margins or {}, compared)
    return Outcome(tuple(compared), tuple(failed))


def _why_not(task: str, first: Group, second: Group) -> tuple[str, ...]:
    missing = [group for group in (first, second) if any(task not in entries for entries in group)]
    if missing:
        return tuple(f"{label_of(group)} has no record of it" for group in missing)
    entries = [entries[task] for group in (first, second) for entries in group]
    return tuple(dict.fromkeys(why for other in entries[1:] for why in why_not_comparable(entries[0], other)))


def _compare_task(
    task: str, first: Group, second: Group, metrics: Sequence[str], margins: Mapping[str, float]
) -> TaskComparison:
    _check_seeds(task, first, second)
    measured = [[MeasuredEntry(entries[task]) for entries in group] for group in (first, second)]
    paired_up, remarks = _paired_by_seed(*measured)
    remarks += _methods(first, second, task)
    measured = [measured[0], paired_up]
    some = measured[0][0]
    result = some.entry.result
    everyone = [one for group in measured for one in group]
    shared = [name for name in some.names if all(name in one.names for one in everyone)]
    headline = result.task.headline
    names = (
        chosen_names(metrics, shared, headline, "--metrics")
        if metrics
        else default_names(shared, headline, result.task.kind)
    )
    one_each = len(everyone) == 2
    if one_each and some.entry.result.student.hash == measured[1][0].entry.result.student.hash:
        remarks += ("both records are of the same weights",)
    return TaskComparison(
        task=task,
        title=result.task.title,
        protocol=f"{result.protocol.name} (version {result.protocol.version})",
        first=label_of(first),
        second=label_of(second),
        seeds=(len(first), len(second)),
        scores=tuple(_scores(names, measured, margins)),
        changed=changed_examples(some, measured[1][0]) if one_each else None,
        remarks=remarks,
    )


def _check_seeds(task: str, *groups: Group) -> None:
    """The same weights twice are no two seeds: they would make the spread of seeds smaller than it is."""
    for group in groups:
        hashes = [entries[task].result.student.hash for entries in group]
        if len(set(hashes)) < len(hashes):
            raise BadInputError(
                where=f"{label_of(group)}, {task}",
                expected="students of one method trained with different seeds",
                found="the same weights twice",
                fix="train again with another --seed, or leave one out",
            )


def _methods(first: Group, second: Group, task: str) -> tuple[str, ...]:
    """Where students that are named together were not made by one method, as far as their lineages say."""
    told = []
    for group in (first, second):
        lineages = [entries[task].result.lineage for entries in group]
        methods = dict.fromkeys(lineage.method for lineage in lineages if lineage is not None)
        if len(methods) > 1:
            told.append(f"not of one method, so that their spread is not that of seeds: {', '.join(methods)}")
    return tuple(told)


def _paired_by_seed(
    first: Sequence[MeasuredEntry], second: Sequence[MeasuredEntry]
) -> tuple[list[MeasuredEntry], tuple[str, ...]]:
    """The second group in the order of the first one's seeds, where both were trained with the same ones."""
    seeds = [[one.entry.seed for one in group] for group in (first, second)]
    if (
        len(first) == len(second) > 1
        and None not in seeds[0]
        and sorted(map(str, seeds[0])) == sorted(map(str, seeds[1]))
        and len(set(seeds[0])) == len(seeds[0])
    ):
        return sorted(second, key=lambda one: seeds[0].index(one.entry.seed)), ("seeds are paired by their number",)
    if len(first) == len(second) > 1:
        return list(second), ("seeds are paired in the order they were named",)
    return list(second), ()


def _scores(
    names: Sequence[str], measured: Sequence[Sequence[MeasuredEntry]], margins: Mapping[str, float]
) -> list[ScoreComparison]:
    some = measured[0][0]
    found = [[{name: one.quantity(name) for name in names} for one in group] for group in measured]
    defined = [name for name in names if not any(isinstance(one[name], str) for group in found for one in group)]
    resamples, words = some.protocol.statistics.resamples, some.seed_words
    quantities: list[list[dict[str, Quantity]]] = [
        [{name: one[name] for name in defined} for one in group]  # type: ignore[misc]
        for group in found
    ]
    drawn = [[draws_of(one, resamples, words) for one in group] for group in quantities]
    one_each = len(measured[0]) == len(measured[1]) == 1
    p_values = {}
    if one_each:
        pairs = {name: (quantities[0][0][name], quantities[1][0][name]) for name in defined}
        p_values = swap_p_values(pairs, PERMUTATIONS, words)
    scores = []
    for name in names:
        margin = margins.get(name, margins.get(family_of(name)))
        blank = ScoreComparison(name, title_of(name), direction_of(name), _nothing(), _nothing(), margin=margin)
        if name not in defined:
            reasons = [next((one[name] for one in group if isinstance(one[name], str)), None) for group in found]
            scores.append(replace(blank, first=_nothing(reasons[0]), second=_nothing(reasons[1])))
            continue
        of_name = [[one[name] for one in group] for group in quantities]
        draws = [[one[name] for one in group] for group in drawn]
        sides = [_side(name, own, some_draws) for own, some_draws in zip(of_name, draws, strict=True)]
        blank = replace(blank, first=sides[0], second=sides[1])
        scores.append(
            _of_two(blank, of_name[0][0], of_name[1][0], (draws[0][0], draws[1][0]), p_values[name])
            if one_each
            else _of_seeds(blank, draws[0], draws[1], (name, *words))
        )
    return scores


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


def _nothing(reason: object = None) -> Side:
    return Side(None, None, None, 0, reason)  # type: ignore[arg-type]


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _adjusted(tasks: Sequence[TaskComparison]) -> list[TaskComparison]:
    """Holm over all scores of all pairs of a task, and the verdicts that follow."""
    raw = {
        f"{place}/{score.name}": score.p_value
        for place, task in enumerate(tasks)
        for score in task.scores
        if score.p_value is not None
    }
    adjusted = holm(raw)

    def judged(place: int, score: ScoreComparison) -> ScoreComparison:
        p = adjusted.get(f"{place}/{score.name}")
        verdict = verdict_of(score.direction, (score.low, score.high), score.narrow, p, score.margin)
        return replace(score, adjusted=p, verdict=verdict)

    judged_tasks = []
    for place, task in enumerate(tasks):
        scores = tuple(judged(place, score) for score in task.scores)
        judged_tasks.append(replace(task, scores=scores, family=len(raw)))
    return judged_tasks


def _check_margins(margins: Mapping[str, float], compared: Sequence[TaskComparison]) -> None:
    known = list(dict.fromkeys(score.name for task in compared for score in task.scores))
    for name, margin in margins.items():
        if name not in known and name not in {family_of(one) for one in known}:
            raise unknown_name(name, known, "--margin")
        if not (math.isfinite(margin) and margin > 0):
            raise BadInputError(
                where=f"--margin {name}", expected="a number above 0", found=str(margin), fix="e.g. --margin kappa=0.05"
            )
