"""What every form of a verdict says: numbers, headings, remarks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xkd_bench.explainers.registry import title as explainer_title
from xkd_bench.metrics import registry
from xkd_bench.metrics.reading_order import GROUPS
from xkd_bench.perturbations.registry import title as perturbation_title
from xkd_bench.verdicts.changed_examples import ChangedExamples
from xkd_bench.verdicts.outcome import ScoreComparison, Side, TaskComparison
from xkd_bench.verdicts.scores import PERMUTATIONS

NOTHING = "–"


@dataclass(frozen=True)
class Line:
    """One score as it is printed. heading: of the scores it belongs to, title: its own below it."""

    heading: str
    title: str
    first: str
    second: str
    difference: str
    interval: str
    p_value: str
    smallest: str
    verdict: str


def lines(task: TaskComparison) -> Iterator[Line]:
    for score in task.scores:
        heading, title = heading_of(score.name)
        yield Line(
            heading,
            title,
            _side(score.first),
            _side(score.second),
            signed(score.difference),
            interval(score.low, score.high),
            p_value(score.adjusted),
            NOTHING if score.smallest is None else f"{score.smallest:.3f}",
            _verdict(score),
        )


def heading_of(name: str) -> tuple[str, str]:
    """Heading and title of a score: a family with several explainers or perturbations is a heading of its own."""
    family, _, key = name.partition(".")
    card = registry.cards().get(family)
    if card is None:
        return "", name
    if not key:
        return GROUPS[card.group], card.title
    return card.title, perturbation_title(key) if card.group == "robustness" else explainer_title(key)


def signed(value: float | None, digits: int = 3) -> str:
    return NOTHING if value is None else f"{value + 0.0:+.{digits}f}"


def interval(low: float | None, high: float | None) -> str:
    return "no interval" if low is None or high is None else f"[{low:+.3f}, {high:+.3f}]"


def p_value(value: float | None) -> str:
    if value is None:
        return NOTHING
    return "< .001" if value < 0.001 else f"{value:.3f}".removeprefix("0")


def remarks(task: TaskComparison) -> list[str]:
    """What the table means and what it cannot say."""
    told = [
        f"Difference: {task.second} − {task.first}, with its 95 % interval, both on the same examples in every draw."
    ]
    if task.seeds == (1, 1):
        exchanges = f"{PERMUTATIONS:,} random exchanges of the two students' answers"
        told.append(f"p: {exchanges}, adjusted for {task.family} scores (Holm).")
        told.append(
            "Intervals and p-values are about these two checkpoints. Of methods they say nothing: name several seeds."
        )
    else:
        told.append(f"p and interval: seeds × examples, Student's t, p adjusted for {task.family} scores (Holm).")
        told += _seeds(task)
    told.append("Smallest: the difference that these examples could have shown with a power of 80 %.")
    return told + [f"{remark[0].upper()}{remark[1:]}." for remark in task.remarks]


def _seeds(task: TaskComparison) -> list[str]:
    evidence = next((score.seeds for score in task.scores if score.seeds is not None), None)
    if evidence is None:
        return []
    if evidence.smallest_p_value is None:
        return [f"{task.seeds[0]} and {task.seeds[1]} seeds are no pairs, so there is no exact test of seeds alone."]
    least = evidence.smallest_p_value
    told = f"The exact sign-flip test of {evidence.pairs} paired seeds cannot give less than p = {least:g}"
    if least >= 0.05:
        return [f"{told}: by themselves they show nothing at 5 % (six can)."]
    below = [
        score.title
        for score in task.scores
        if score.seeds and score.seeds.p_value is not None and score.seeds.p_value < 0.05
    ]
    return [f"{told}; below .05: {', '.join(below) or 'none'}."]


def changed_words(changed: ChangedExamples) -> str:
    """How many answers flipped, and which explainer is spoken of."""
    told = f"{changed.flips} of {changed.answers:,} answers differ."
    if changed.explainer is not None:
        which = {"moved": "which moved most", "fell": "which fared worst"}[changed.speaking_of]
        told += f" Reasons: centred cosine with the teacher, {explainer_title(changed.explainer)}, {which}."
    return told


def _side(side: Side) -> str:
    if side.value is None:
        return NOTHING
    return f"{side.value:.3f}"


def _verdict(score: ScoreComparison) -> str:
    reason = score.first.reason or score.second.reason
    if score.verdict == "undefined":
        return f"undefined: {reason or 'no interval'}"
    if score.verdict == "equivalent":
        return f"equivalent ±{score.margin:g}"
    return score.verdict
