"""An evaluation as lines and tables."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from xkd_bench.explainers.registry import title as explainer_title
from xkd_bench.metrics.contract import MetricCard
from xkd_bench.metrics.reading_order import GROUPS, in_reading_order
from xkd_bench.metrics.registry import cards
from xkd_bench.records.lineage import trained_to_agree
from xkd_bench.records.schema import RunRecord, ScoreRecord, TaskResult
from xkd_bench.tasks.card import TaskCard
from xkd_bench.terminal.alignment_table import alignment_table, fill_lines
from xkd_bench.terminal.faithfulness_table import faithfulness_table
from xkd_bench.terminal.robustness_table import label_changing_line, robustness_table
from xkd_bench.terminal.tables import Shown, plain_table

TEACHER = "teacher."


def evaluation_view(result: TaskResult, run: RunRecord | None, card: TaskCard) -> list[Shown]:
    """Headline first, then every metric with its interval; undefined ones say why. run: None where it is not known."""
    shown: list[Shown] = [
        Text(f"{result.task.title}  ·  {result.task.rows} examples of {result.task.split}", style="bold"),
        _models(result),
        score_table(result, card),
    ]
    if result.explanations:
        shown.append(alignment_table(result, result.explanations))
        shown += [Text(line, style="yellow") for line in fill_lines(result.explanations)]
        if aimed := trained_to_agree(result.lineage, explainer_title):
            shown.append(Text(f"The student was {aimed}.", style="yellow"))
    if result.faithfulness:
        shown.append(faithfulness_table(result.faithfulness))
    if result.robustness:
        shown.append(robustness_table(result, result.robustness))
        if remark := label_changing_line(result.robustness):
            shown.append(Text(remark, style="dim"))
    for name, gate in result.gate.items():
        if gate.status != "valid":
            shown.append(Text(f"{name} is {gate.status}: {gate.reason}", style="yellow"))
    shown += [Text(f"warning: {warning}", style="yellow") for warning in result.warnings]
    return shown if run is None else [*shown, *_cost(run)]


def _cost(run: RunRecord) -> list[Shown]:
    passes = ", ".join(f"{role.replace('_', ' ')} {count:,}" for role, count in run.forwards.items())
    shown: list[Shown] = [Text(f"forward passes: {passes}; {run.seconds:.1f} s on {run.device}", style="dim")]
    if run.speed and run.speed.student:
        ratio = f", {run.speed.ratio:.2f} × the teacher's {run.speed.teacher:.0f}" if run.speed.ratio else ""
        shown.append(Text(f"speed: {run.speed.student:.0f} examples a second{ratio}", style="dim"))
    return shown


def _models(result: TaskResult) -> Text:
    def words(role: str) -> str:
        model = result.student if role == "student" else result.teacher
        if model is None:
            return "teacher: none"
        blocks = f", {model.blocks} blocks" if model.blocks else ""
        return f"{role}: {model.architecture}{blocks}, {model.parameters / 1e6:.1f} M parameters, {model.hash[7:17]}"

    return Text(f"{words('student')}\n{words('teacher')}")


def score_table(result: TaskResult, card: TaskCard) -> Table:
    """One row a metric: student, its 95 % interval, teacher. The task's headline score stands first."""
    columns = ("", "student", "95 % interval", "teacher ", "95 % interval ")[: 5 if result.teacher else 3]
    table = plain_table(*columns, right=columns[1:])
    known = cards()
    first = [name for name in (card.headline, *card.beside) if name in known]
    ordered = sorted(
        in_reading_order(known), key=lambda metric: first.index(metric.name) if metric.name in first else len(first)
    )
    for group, title in GROUPS.items():
        shown = [
            metric
            for metric in ordered
            if metric.group == group and metric.name in result.scores and metric.subject in ("model", "pair")
        ]
        if result.teacher is None:
            shown = [metric for metric in shown if metric.subject == "model"]
        if shown:
            table.add_row(Text(title, style="dim italic"))
        for metric in shown:
            table.add_row(*_row(metric.name, metric, result, headline=metric.name == card.headline))
    for part, scores in result.slices.items():
        if card.headline not in scores:
            continue
        table.add_row(Text(f"Slice {card.slices[part].title if part in card.slices else part}", style="dim italic"))
        for name in (card.headline, "kappa"):
            if name in scores:
                table.add_row(*_row(name, known[name], result, scores=scores, headline=False))
    return table


def _row(
    name: str,
    card: MetricCard,
    result: TaskResult,
    headline: bool,
    scores: dict[str, ScoreRecord] | None = None,
) -> list[Text]:
    scores = scores or result.scores
    style = "bold" if headline else ""
    cells = [Text(f"  {card.title}", style=style), *_cells(scores[name], style)]
    if result.teacher and TEACHER + name in scores:
        cells += _cells(scores[TEACHER + name], style)
    return cells


def _cells(score: ScoreRecord, style: str) -> list[Text]:
    if score.value is None:
        return [Text("–", style="dim"), Text(f"undefined: {score.reason}", style="dim")]
    low, high = score.low, score.high
    interval = f"[{low:.3f}, {high:.3f}]" if low is not None and high is not None else "no interval"
    flag = f" {score.reason}" if score.reason else ""
    return [Text(f"{score.value:.3f}", style=style), Text(interval + flag, style="dim")]
