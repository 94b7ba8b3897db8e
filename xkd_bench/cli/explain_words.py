"""What both forms of a comparison say, in the terminal and on a page: numbers, reasons, breaks of lines."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence

import numpy as np

from xkd_bench.engine.explain_texts import Comparison, ExplainedBy, ExplainedText, ModelWords
from xkd_bench.explainers.units import Unit
from xkd_bench.metrics.contract import FloatArray, Reason
from xkd_bench.records.fills import FILLS

MINUS = "−"
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
JOINER = "\u200d"
WHY: dict[Reason, str] = {
    "too_few_units": "fewer than three words that both models saw",
    "zero_vector": "the scores of one of the two are all equal",
    "not_converged": "not converged: the scores do not add up to what they explain",
    "non_finite": "the model gave a value that is no number",
    "not_measured": "the tokenizer cannot be asked so: it has no mask token, or does not say where its tokens lie",
    "regression": "this explainer is about classes, and the task has none",
}


def printable(text: str) -> str:
    """The text without what would steer a terminal or turn the direction of a line; the joiner of emoji stays."""
    shown = []
    for character in text:
        category = unicodedata.category(character)
        if category in ("Cc", "Cs", "Zl", "Zp"):
            shown.append(" " if character.isspace() else "\ufffd")
        elif category != "Cf" or character == JOINER:
            shown.append(character)
    return "".join(shown)


def printable_word(unit: Unit) -> str:
    """A word as it is shown; one that cannot be seen gets the sign for that."""
    return printable(unit.text).strip() or "\ufffd"


def shortened(text: str, most: int) -> str:
    """The text on one line, cut between words where it is longer than `most` characters."""
    line = " ".join(printable(text).split())
    if len(line) <= most:
        return line
    whole = line[:most].rpartition(" ")[0]
    return f"{whole or line[:most]} …"


def signed(value: float, decimals: int) -> str:
    """With its sign, a real minus; zero has none."""
    text = f"{abs(value):,.{decimals}f}"
    if not float(text.replace(",", "")):
        return text
    return f"{MINUS if value < 0 else '+'}{text}"


def scalar(comparison: Comparison, value: float | None) -> str:
    """f of a text: signed log-odds, or a plain prediction; empty where it is not known."""
    if value is None:
        return ""
    return signed(value, 2).removeprefix("+") if comparison.card.kind == "regression" else signed(value, 2)


def similarity(row: ModelWords) -> str:
    """The centred cosine; a dash where there should be one."""
    if row.similarity is None:
        return "–" if row.why else ""
    return f"{MINUS if row.similarity < -0.0005 else ''}{abs(row.similarity):.3f}"


def share(value: float) -> str:
    """A small share in per cent."""
    return f"{value:.1%}" if value >= 0.001 else "below 0.1%"


def has_words(row: ModelWords) -> bool:
    """Whether there are scores to show, be they flagged."""
    return row.reason is None or bool(row.seen.any())


def strengths(row: ModelWords) -> FloatArray:
    """Each score over the largest |score| of the words the model saw, (n,) in [−1, 1]; 0 for a word it did not see."""
    scores = np.where(row.seen, row.scores, 0.0)
    largest = np.abs(scores).max(initial=0.0)
    return np.asarray(scores / largest if largest > 0 else scores)


def decimals(found: ExplainedBy) -> int:
    """Decimals that give the largest score of every model three digits, between 1 and 6."""
    largest = [float(np.abs(row.scores[row.seen]).max(initial=0.0)) for row in found.rows]
    return max((min(6, max(1, 2 - math.floor(math.log10(value)))) for value in largest if value > 0), default=2)


def in_lines(units: Sequence[Unit], widths: Sequence[int], room: int) -> list[list[int]]:
    """Positions of the words of each line: as many as `room` holds, and the second text of a pair begins a new one."""
    lines: list[list[int]] = []
    used = 0
    for place, (unit, width) in enumerate(zip(units, widths, strict=True)):
        if not lines or used + width > room or unit.segment != units[place - 1].segment:
            lines.append([])
            used = 0
        lines[-1].append(place)
        used += width
    return lines


def explained_words(comparison: Comparison, text: ExplainedText) -> str:
    """What is explained, and who chose it."""
    if text.target is None:
        return "explained: the prediction"
    who = "as asked for" if comparison.target_given else f"which {printable(comparison.models[0].name)} predicts"
    return f"explained: “{printable(text.target)}”, {who}"


def example_words(text: ExplainedText) -> str:
    """Which example of the task this is and what it is labelled; empty for a text of the user's."""
    if text.example_id is None:
        return ""
    return f"example {printable(text.example_id)}" + (f", labelled {printable(text.label)}" if text.label else "")


def knows_empty(text: ExplainedText) -> bool:
    """Whether f(∅) is known for any model."""
    return any(answer.without_words is not None for answer in text.answers)


def directions(comparison: Comparison) -> tuple[str, str]:
    """What a negative and a positive score mean."""
    if comparison.card.kind == "regression":
        return "lowers the prediction", "raises the prediction"
    return "against the explained class", "for it"


def source_words(comparison: Comparison, found: ExplainedBy) -> str:
    """What an explanation rests on: its maskings, or how far it misses the sum it should have."""
    if found.maskings is None:
        gaps = [row.notes["gap"] for row in found.rows if "gap" in row.notes and not math.isnan(row.notes["gap"])]
        return f"completeness gap {'' if max(gaps) < 0.001 else 'up to '}{share(max(gaps))}" if gaps else ""
    if not found.maskings.sampled:
        return f"all {found.maskings.asked:,} maskings, {FILLS[comparison.fill]}"
    exponent = str(found.maskings.words).translate(RAISED)
    sampled = f"sampled {found.maskings.asked:,} of 2{exponent} maskings, {FILLS[comparison.fill]}"
    again = min((row.repeatability for row in found.rows if row.repeatability is not None), default=1.0)
    return f"{sampled}; halves agree to {again:.3f}" if again < 0.9995 else sampled


def notes(comparison: Comparison, found: ExplainedBy) -> list[str]:
    """A sentence for every reason why rows must not be read, or have no cosine."""
    first = found.rows[0].reason
    told: dict[str, list[str]] = {}
    for model, row in zip(comparison.models, found.rows, strict=True):
        if row.reason is not None:
            measured = f" (a gap of {share(row.notes['gap'])})" if row.reason == "not_converged" else ""
            told.setdefault(f"{WHY.get(row.reason, row.reason)}{measured}", []).append(printable(model.name))
        elif row.why is not None and row.why != first:
            told.setdefault(f"no cosine: {WHY.get(row.why, row.why)}", []).append(printable(model.name))
    return [f"{', '.join(names)}: {reason}" for reason, names in told.items()]


def order_notes(comparison: Comparison) -> list[str]:
    """A sentence where label names are `LABEL_0` and the like: nothing here checks their order."""
    names = [printable(model.name) for model in comparison.models if not model.order.named]
    assumed = ", ".join(map(printable, comparison.card.labels))
    return [f"{', '.join(names)}: the labels have no names and are taken as {assumed}"] if names else []


def unread_words(comparison: Comparison, text: ExplainedText) -> str:
    """How much of a long text nobody was asked about."""
    if not text.unread:
        return ""
    window = comparison.card.inputs.max_length
    return f"{text.unread:,} more words lie beyond the task's window of {window} and were not seen"
