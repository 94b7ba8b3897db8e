"""From a record's faithfulness to its curves: of the student, with what the teacher's explanations do to it, or of any
setting by itself."""

from __future__ import annotations

from xkd_bench.explainers.registry import in_reading_order, title
from xkd_bench.leaderboard.cells import MINUS, interval, number
from xkd_bench.leaderboard.plots.axes import Estimate
from xkd_bench.leaderboard.plots.curves import CurvesPlot, Masked, Order, draw
from xkd_bench.records.masking_table import Measure, Setting
from xkd_bench.records.schema import CurveRecord, FaithfulnessRecord, MaskedRecord, ScoreRecord, TaskResult

DROP, KEPT = "drop_most_first", "kept_least_first"
HEADLINE: Measure = "probability"  # the one that drop, kept and the transfer ratio of a row are about
MEASURES: dict[Measure, str] = {
    "probability": "probability of the explained class",
    "agreement": "same answer as to the whole input",
    "accuracy": "accuracy",
}
SETTINGS: dict[Setting, str] = {
    "student": "the student’s own explanations",
    "teacher": "the teacher’s own explanations, on the teacher",
    "transfer": "the teacher’s explanations, on the student",
}
ORDERS: tuple[Order, ...] = ("most", "least", "random")


def curves_plot(
    name: str, result: TaskResult, setting: Setting = "student", measure: Measure = HEADLINE
) -> CurvesPlot | None:
    """The picture of one setting of an entry called `name`; None where the record has no such curve."""
    found = result.faithfulness
    if found is None:
        return None
    return draw(
        f"{name}, {result.task.title}: {SETTINGS[setting]}",
        found.levels,
        [_masked(found, setting, measure, key) for key in in_reading_order(found.found.get(setting, {}))],
        across=f"% of the {units(result)} masked",
        up=MEASURES[measure],
    )


def units(result: TaskResult) -> str:
    """What is masked."""
    explained = result.explanations
    return "units" if explained is None else "words" if explained.grid is None else "patches"


def estimates(curve: CurveRecord | None) -> tuple[Estimate | None, ...]:
    """A curve's values with their intervals, a level each."""
    if curve is None:
        return ()
    points = zip(curve.values, curve.lows, curve.highs, strict=False)
    return tuple(None if value is None else (value, low, high) for value, low, high in points)


def curve_of(found: FaithfulnessRecord, setting: Setting, key: str, measure: Measure, order: str) -> CurveRecord | None:
    masked = found.found.get(setting, {}).get(key)
    return None if masked is None else masked.curves.get(measure, {}).get(order)


def _masked(found: FaithfulnessRecord, setting: Setting, measure: Measure, key: str) -> Masked:
    curves = {order: estimates(curve_of(found, setting, key, measure, order)) for order in ORDERS}
    if setting == "student":
        curves["transfer"] = estimates(curve_of(found, "transfer", key, measure, "most"))
    area = most.area if (most := curve_of(found, setting, key, measure, "most")) is not None else None
    facts = _facts(found.found[setting][key], measure)
    if setting == "student" and measure == HEADLINE and facts:
        facts = (*facts, _ratio(found.transfer_ratios.get(key)))
    return Masked(
        title=title(key),
        curves=curves,
        facts=tuple(fact for fact in facts if fact),
        reason="not in this record" if area is None else (area.reason or "").replace("_", " "),
        n=0 if area is None else area.n,
    )


def _facts(masked: MaskedRecord, measure: Measure) -> tuple[str, ...]:
    scores = masked.scores.get(measure, {})
    found = (("drop", scores.get(DROP)), ("kept", scores.get(KEPT)))
    return tuple(
        f"{name} {number(score.value)} {interval(score.low, score.high)}".strip()
        for name, score in found
        if score is not None and score.value is not None
    )


def _ratio(score: ScoreRecord | None) -> str:
    if score is None:
        return ""
    if score.value is None:
        return f"no transfer ratio: {(score.reason or 'no reason given').replace('_', ' ')}"
    ratio = f"{score.value:.2f}".replace("-", MINUS)
    ends = "" if score.low is None or score.high is None else f" [{score.low:.2f}, {score.high:.2f}]"
    return f"transfer ratio {ratio}{ends.replace('-', MINUS)}"
