"""Is B better than A? Every score of two entries, or of several students of two methods, on the tasks both have."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from xkd_bench.errors import BadInputError
from xkd_bench.statistics.holm import holm
from xkd_bench.verdicts.changed_examples import changed_examples
from xkd_bench.verdicts.entries import why_not_comparable
from xkd_bench.verdicts.measured import MeasuredEntry
from xkd_bench.verdicts.names import chosen_names, default_names, family_of, unknown_name
from xkd_bench.verdicts.outcome import Group, NotComparable, Outcome, ScoreComparison, TaskComparison, label_of
from xkd_bench.verdicts.scores import compare_scores
from xkd_bench.verdicts.verdict import verdict_of


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
        scores=tuple(compare_scores(names, measured, margins)),
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
