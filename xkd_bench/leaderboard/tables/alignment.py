"""How far the reasons agree: one table a track, an explainer a column, with where each value stands on its scale.

Its picture, an explainer a row, is drawn from the same records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from xkd_bench.explainers.registry import in_reading_order, title
from xkd_bench.leaderboard import cells
from xkd_bench.leaderboard.cells import Cell
from xkd_bench.leaderboard.columns import ARROW_WORDS
from xkd_bench.leaderboard.plots import standings
from xkd_bench.leaderboard.plots.axes import Estimate
from xkd_bench.leaderboard.plots.standings import Standing, StandingsPlot
from xkd_bench.leaderboard.ranks import Place
from xkd_bench.leaderboard.tables.part_table import PartColumn, PartTable
from xkd_bench.metrics.contract import MetricCard
from xkd_bench.records.fills import does_not_survive
from xkd_bench.records.lineage import trained_to_agree
from xkd_bench.records.schema import ScoreRecord, TaskResult

HEADLINE = "centred_cosine"
WITHOUT_EXPLAINER = ("coalition_fidelity", "counterfactual_agreement", "contrast_mismatch")


@dataclass(frozen=True)
class AlignmentTable(PartTable):
    """Explainers, then scores of the maskings alone; with a picture of the explainers' scales."""

    plot: StandingsPlot | None
    notes: tuple[str, ...]


def alignment_table(
    task_title: str,
    named: Sequence[tuple[str, TaskResult]],
    metrics: Mapping[str, MetricCard],
    places: Sequence[Mapping[str, Place]] = (),
) -> AlignmentTable | None:
    """The table of rows that hold explanations; None where none does. named: (entry, its result), in order. places: of
    each row, where rows are ranked."""
    results = [result for _, result in named]
    explained = [result.explanations for result in results if result.explanations is not None]
    card = metrics.get(HEADLINE)
    if not explained or card is None:
        return None
    keys = in_reading_order({key for one in explained for key in one.explainers})
    held = {name for result in results for name in result.scores}
    plain = [metrics[name] for name in WITHOUT_EXPLAINER if name in metrics and name in held]
    columns = [
        PartColumn(title(key), f"{card.title} with the teacher, by explainer", card.summary, ascending=False)
        for key in keys
    ]
    columns += [
        PartColumn(
            one.title, "On equal maskings", f"{one.summary} ({ARROW_WORDS[one.direction]})", one.direction == "lower"
        )
        for one in plain
    ]
    rows = [
        (
            *(_explainer_cell(result, key, own.get(f"{HEADLINE}.{key}")) for key in keys),
            *(cells.score_cell(result.scores.get(one.name)) for one in plain),
        )
        for result, own in zip(results, places or [{}] * len(results), strict=True)
    ]
    return AlignmentTable(
        columns=tuple(columns),
        rows=tuple(rows),
        facts=f"{max(one.table.rows for one in explained)} examples explained",
        plot=standings.draw(
            f"{task_title}: {card.title} with the teacher by explainer, between chance and retrained teachers",
            f"{card.title} with the teacher",
            [(title(key), _standings(named, key)) for key in keys],
        ),
        notes=tuple(note for name, result in named for note in _notes(name, result)),
    )


def scale_words(results: Sequence[TaskResult], key: str) -> str:
    """What cosines of a track lie between: chance, as a mean over its students, and the retrained teachers."""
    held = [one.explanations.explainers for one in results if one.explanations]
    explained = [explainers[key] for explainers in held if key in explainers]
    scales = [scale for one in explained if HEADLINE in one.measures and (scale := one.measures[HEADLINE].scale)]
    floors = [scale.floor.value for scale in scales if scale.floor.value is not None]
    ceilings = [scale.ceiling.value for scale in scales if scale.ceiling.value is not None]
    named = [("chance", floors), ("retrained", ceilings)]
    return "\n".join(f"{word} {cells.number(sum(values) / len(values))}" for word, values in named if values)


def _explainer_cell(result: TaskResult, key: str, place: Place | None) -> Cell:
    cell = cells.with_place(cells.score_cell(result.scores.get(f"{HEADLINE}.{key}")), place)
    explained = result.explanations.explainers.get(key) if result.explanations else None
    scale = explained.measures[HEADLINE].scale if explained and HEADLINE in explained.measures else None
    if scale is None:
        return cell
    parts = [part for part in (cell.small, _calibrated(scale.calibrated)) if part]
    words = [f"chance {_value(scale.floor)}", f"retrained teachers {_value(scale.ceiling)}"]
    words.append(f"student with random weights {_value(scale.random_student)}")
    gain = explained.measures[HEADLINE].gain if explained else None
    if gain is not None and gain.value is not None:
        words.append(f"gain over its baseline {_value(gain)}")
    raw = result.scores.get(f"raw_cosine.{key}")
    if raw is not None:
        words.append(f"raw cosine {_value(raw)}")
    return replace(cell, small="\n".join(parts), tooltip="; ".join([part for part in (cell.tooltip, *words) if part]))


def _standings(named: Sequence[tuple[str, TaskResult]], key: str) -> list[Standing]:
    """What the explainer says of each entry that was explained with it."""
    found = []
    for name, result in named:
        explainer = result.explanations.explainers.get(key) if result.explanations else None
        score = result.scores.get(f"{HEADLINE}.{key}")
        if result.explanations is None or explainer is None or score is None:
            continue
        scale = explainer.measures[HEADLINE].scale if HEADLINE in explainer.measures else None
        fill = result.explanations.fills.get(key)
        found.append(
            Standing(
                entry=name,
                value=_estimate(score),
                reason=(score.reason or "no reason given").replace("_", " "),
                floor=_estimate(scale.floor) if scale else None,
                ceiling=_estimate(scale.ceiling) if scale else None,
                random=scale.random_student.value if scale else None,
                weak=result.failed_gate("student") is not None,
                survives=fill is None or fill.survives,
            )
        )
    return found


def _estimate(score: ScoreRecord) -> Estimate | None:
    return None if score.value is None else (score.value, score.low, score.high)


def _calibrated(score: ScoreRecord) -> str:
    return "" if score.value is None else f"{score.value:.0%} of the scale".replace("-", cells.MINUS)


def _value(score: ScoreRecord) -> str:
    return "unknown" if score.value is None else cells.number(score.value)


def _notes(name: str, result: TaskResult) -> list[str]:
    if result.explanations is None:
        return []
    said = {key: does_not_survive(found) for key, found in result.explanations.fills.items()}
    aimed = trained_to_agree(result.lineage, title)
    return [
        *(f"{name}, {title(key)}: {sentence}." for key, sentence in said.items() if sentence),
        *([f"{name}: {aimed}."] if aimed else []),
    ]
