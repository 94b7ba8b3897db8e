"""Whether explanations name what the models depend on, as a table in the terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from xkd_bench.explainers.registry import in_reading_order, title
from xkd_bench.leaderboard.tables.curves import DROP, HEADLINE, KEPT
from xkd_bench.records.schema import FaithfulnessRecord, ScoreRecord
from xkd_bench.terminal.tables import plain_table


def faithfulness_table(found: FaithfulnessRecord) -> Table:
    """One row an explainer: the student's own explanation on it, the teacher's on the teacher, the teacher's on the
    student, and the transfer ratio."""
    columns = ("drop, own", "95 % interval", "kept, own", "teacher's drop", "transferred", "ratio", "n")
    table = plain_table(f"Faithfulness ({found.table.rows})", *columns, right=columns, gap=1)
    for key in in_reading_order(found.found["student"]):
        own = found.found["student"][key].scores[HEADLINE]
        teacher = found.found["teacher"][key].scores[HEADLINE]
        transfer = found.found["transfer"][key].scores[HEADLINE]
        table.add_row(
            f"  {title(key)}",
            value(own[DROP]),
            interval(own[DROP]),
            value(own[KEPT]),
            value(teacher[DROP]),
            value(transfer[DROP]),
            _ratio(found.transfer_ratios[key]),
            str(own[DROP].n),
        )
    return table


def value(score: ScoreRecord | None) -> Text:
    """With its sign; a dash where there is none."""
    return Text("–", style="dim") if score is None or score.value is None else Text(f"{score.value:+.3f}")


def interval(score: ScoreRecord | None) -> Text:
    """The 95 % interval, or why there is none."""
    if score is None:
        return Text("not in this record", style="dim")
    if score.value is None or score.low is None or score.high is None:
        return Text(f"undefined: {score.reason}" if score.value is None else "no interval", style="dim")
    return Text(f"[{score.low:+.3f}, {score.high:+.3f}]", style="dim")


def _ratio(score: ScoreRecord) -> Text:
    if score.value is None:
        return Text(str(score.reason).replace("_", " "), style="dim")
    if score.low is None or score.high is None:
        return Text(f"{score.value:.2f}")
    return Text(f"{score.value:.2f} [{score.low:.2f}, {score.high:.2f}]")
