"""Which pictures a track has, and what stands in them: its checkpoints, or its methods where these have seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xkd_bench.explainers.registry import in_reading_order
from xkd_bench.explainers.registry import title as explainer_title
from xkd_bench.leaderboard.columns import Column, agreement_axis
from xkd_bench.leaderboard.plots.axes import Estimate
from xkd_bench.leaderboard.plots.headline import Plot, Point, draw
from xkd_bench.leaderboard.tables.alignment import HEADLINE
from xkd_bench.metrics.contract import MetricCard
from xkd_bench.records.schema import TaskResult


@dataclass(frozen=True)
class Drawn:
    """What a picture shows: a checkpoint, or a method over its seeds. estimates: by score."""

    name: str
    estimates: Mapping[str, Estimate]
    weak: bool
    control: bool


def drawn(name: str, result: TaskResult, control: bool) -> Drawn:
    """A checkpoint as the pictures show it."""
    estimates = {
        score: (record.value, record.low, record.high)
        for score, record in result.scores.items()
        if record.value is not None
    }
    return Drawn(name, estimates, result.failed_gate("student") is not None, control)


def plots_of(
    task_title: str,
    shown: Sequence[Drawn],
    results: Sequence[TaskResult],
    columns: Sequence[Column],
    metrics: Mapping[str, MetricCard],
) -> tuple[Plot, ...]:
    """The headline against agreement, and against the likeness of the reasons; of each where two rows have both."""
    headline = next((column for column in columns if column.is_headline), None)
    if headline is None:
        return ()
    axis = agreement_axis(columns, results)
    beside = [(axis.key, axis.title)] if axis is not None else []
    explained = {key for result in results if result.explanations for key in result.explanations.explainers}
    if HEADLINE in metrics:
        beside += [
            (f"{HEADLINE}.{key}", f"{metrics[HEADLINE].title}, {explainer_title(key)}")
            for key in in_reading_order(explained)[:1]
        ]
    teacher = results[0].scores.get(f"teacher.{headline.key}")
    drawn = [
        draw(
            task_title,
            [
                Point(one.name, one.estimates[key], one.estimates[headline.key], one.weak, one.control)
                for one in shown
                if key in one.estimates and headline.key in one.estimates
            ],
            across=title,
            up=headline.title,
            teacher=teacher.value if teacher is not None else None,
        )
        for key, title in beside
    ]
    return tuple(one for one in drawn if one is not None)
