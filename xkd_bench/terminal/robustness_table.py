"""What becomes of the answers when inputs are perturbed, as a table in the terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from xkd_bench.perturbations.registry import title
from xkd_bench.records.schema import PerturbationRecord, RobustnessRecord, ScoreRecord, TaskResult
from xkd_bench.terminal.tables import plain_table

# Per kind of task: what both models share, and how much each one moves.
SHARED = {"classification": ("flip_kappa", "flip-κ"), "regression": ("change_correlation", "correlation")}
MOVED = {"classification": ("flip_rate", "flips"), "regression": ("mean_change", "change")}
MARK = " *"


def robustness_table(result: TaskResult, robustness: RobustnessRecord) -> Table:
    """One row a perturbation: whether both models flip on the same inputs, how often each does, what it costs.

    The heading holds examples × draws.
    """
    kind = result.task.kind
    (shared, shared_title), (moved, moved_title) = SHARED[kind], MOVED[kind]
    teacher = ("teacher's",) if result.teacher else ()
    columns: tuple[str, ...] = (shared_title, "95 % interval") if result.teacher else ()
    columns += (moved_title, *teacher, "score", "drop", *(f"{name} " for name in teacher), "moved by")
    rates = " at the papers' rates" if robustness.strength == "paper" else ""
    heading = f"Robustness{rates} ({robustness.table.rows} × {robustness.draws})"
    table = plain_table(heading, *columns, right=columns, gap=1)
    for name, one in robustness.perturbations.items():

        def of(metric: str, whose: str = "", name: str = name) -> ScoreRecord | None:
            return result.scores.get(f"{whose}{metric}.{name}")

        cells = [_value(of(shared)), _interval(of(shared))] if result.teacher else []
        cells += [_value(of(moved)), *(_value(of(moved, "teacher.")) for _ in teacher)]
        cells += [_value(of("perturbed_score")), _signed(of("score_drop"))]
        cells += [_signed(of("score_drop", "teacher.")) for _ in teacher]
        table.add_row(f"  {title(name)}{MARK if one.label_changing else ''}", *cells, moved_by(one))
    return table


def label_changing_line(robustness: RobustnessRecord) -> str | None:
    """What the mark means, where there is one."""
    marked = [title(name) for name, one in robustness.perturbations.items() if one.label_changing]
    if not marked:
        return None
    return f"* {' and '.join(marked)} can change the true label here: read the flips, not the score."


def moved_by(one: PerturbationRecord) -> Text:
    """How far inputs were moved: letters of a text, a share of the range of pixels; and how many of them."""
    if not one.distances:
        return Text("nothing", style="dim")
    if "pixels" in one.distances:
        words = f"{one.distances['pixels']:.3f} a pixel"
    else:
        words = f"{one.distances['characters']:.1f} letters"
    return Text(words if one.applied == 1 else f"{words} in {one.applied:.0%}", style="dim")


def _value(score: ScoreRecord | None) -> Text:
    if score is None or score.value is None:
        return Text("–", style="dim")
    return Text(f"{score.value:.3f}")


def _signed(score: ScoreRecord | None) -> Text:
    if score is None or score.value is None:
        return Text("–", style="dim")
    return Text(f"{score.value:+.3f}", style="dim" if score.reason == "label_changing" else "")


def _interval(score: ScoreRecord | None) -> Text:
    if score is None or score.value is None:
        return Text(f"undefined: {score.reason}" if score else "", style="dim")
    if score.low is None or score.high is None:
        return Text("no interval", style="dim")
    return Text(f"[{score.low:.3f}, {score.high:.3f}]", style="dim")
