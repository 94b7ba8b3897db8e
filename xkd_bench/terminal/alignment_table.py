"""How far the reasons agree, as a table in the terminal: each explainer between chance and a retrained teacher."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from xkd_bench.explainers.registry import in_reading_order, title
from xkd_bench.metrics.reading_order import in_reading_order as in_order_of_metrics
from xkd_bench.metrics.registry import cards
from xkd_bench.records.fills import does_not_survive
from xkd_bench.records.schema import ExplanationsRecord, ScoreRecord, TaskResult
from xkd_bench.terminal.tables import plain_table

HEADLINE = "centred_cosine"


def alignment_table(result: TaskResult, explanations: ExplanationsRecord) -> Table:
    """One row an explainer, its centred cosine with the teacher on its scale; then the scores that need none."""
    heading = f"Alignment of the reasons ({explanations.table.rows})"
    columns: tuple[str, ...] = ("cosine", "95 % interval", "chance", "retrained", "of the scale", "raw", "n")
    if not explanations.retrained_teachers:
        columns = tuple(column for column in columns if column not in ("retrained", "of the scale"))
    if explanations.baseline:
        columns = (*columns[:-2], "over the baseline", "n")  # the raw cosine makes way: a line has room for so much
    table = plain_table(heading, *columns, right=columns, gap=1)
    for key in in_reading_order(explanations.explainers):
        measure = explanations.explainers[key].measures[HEADLINE]
        score = result.scores[f"{HEADLINE}.{key}"]
        cells = [_value(score), _interval(score), _value(measure.scale.floor) if measure.scale else Text("")]
        if explanations.retrained_teachers and measure.scale:
            cells += [_value(measure.scale.ceiling), _share(measure.scale.calibrated)]
        if explanations.baseline:
            cells.append(_gain(measure.gain))
        else:
            cells.append(_value(result.scores[f"raw_cosine.{key}"]))
        table.add_row(f"  {title(key)}", *cells, str(score.n))
    for card in in_order_of_metrics(cards()):
        if card.subject == "coalitions" and card.name in result.scores:
            score = result.scores[card.name]
            blank = [""] * (len(columns) - 3)
            table.add_row(f"  {card.title}", _value(score), _interval(score), *blank, str(score.n))
    return table


def fill_lines(explanations: ExplanationsRecord) -> list[str]:
    """A sentence for every explainer whose verdict another fill changes."""
    said = {key: does_not_survive(explanations.fills[key]) for key in in_reading_order(explanations.fills)}
    return [f"{title(key)}: {sentence}" for key, sentence in said.items() if sentence]


def _value(score: ScoreRecord) -> Text:
    return Text("–", style="dim") if score.value is None else Text(f"{score.value:.3f}")


def _share(score: ScoreRecord) -> Text:
    if score.value is None:
        return Text(str(score.reason).replace("_", " "), style="dim")
    if score.low is None or score.high is None:
        return Text(f"{score.value:.0%}")
    return Text(f"{score.value:.0%} [{score.low:.0%}, {score.high:.0%}]")


def _gain(score: ScoreRecord | None) -> Text:
    if score is None or score.value is None:
        return Text("–", style="dim")
    if score.low is None or score.high is None:
        return Text(f"{score.value:+.3f}")
    return Text(f"{score.value:+.3f} [{score.low:+.2f}, {score.high:+.2f}]")


def _interval(score: ScoreRecord) -> Text:
    if score.value is None:
        return Text(f"undefined: {score.reason}", style="dim")
    if score.low is None or score.high is None:
        return Text("no interval", style="dim")
    return Text(f"[{score.low:.3f}, {score.high:.3f}]", style="dim")
