"""What all forms of a comparison say, in the terminal and on a page: numbers, reasons, breaks of lines."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from xkd_bench.engine.comparison import Comparison, ExplainedBy, ExplainedInput, ModelScores
from xkd_bench.metrics.contract import FloatArray, Reason
from xkd_bench.records.fills import FILLS
from xkd_bench.tasks.examples import ImageInput, TextInput
from xkd_bench.tasks.words import Unit
from xkd_bench.terminal.printable import printable

MINUS = "−"
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
SIGN_FROM = 0.15  # of a map's largest: a patch with a smaller score shows no sign
WHY: dict[Reason, str] = {
    "too_few_units": "fewer than three words that both models saw",
    "zero_vector": "the scores of one of the two are all equal",
    "not_converged": "not converged: the scores do not add up to what they explain",
    "non_finite": "the model gave a value that is no number",
    "not_measured": "the tokenizer cannot be asked so: it has no mask token, or does not say where its tokens lie",
    "regression": "this explainer is about classes, and the task has none",
}
WHY_OF_IMAGES: dict[Reason, str] = {
    "too_few_units": "fewer than three patches",
    "not_measured": "the explainer cannot be asked about images",
}


def of_images(comparison: Comparison) -> bool:
    """Whether patches of images are explained, not words of texts."""
    return comparison.masked_with is not None


def why(comparison: Comparison, reason: Reason) -> str:
    """A reason in words."""
    return (WHY_OF_IMAGES if of_images(comparison) else {}).get(reason) or WHY.get(reason, reason)


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
    """f of an input: signed log-odds, or a plain prediction; empty where it is not known."""
    if value is None:
        return ""
    return signed(value, 2).removeprefix("+") if comparison.card.kind == "regression" else signed(value, 2)


def similarity(row: ModelScores) -> str:
    """The centred cosine; a dash where there should be one."""
    if row.similarity is None:
        return "–" if row.why else ""
    return f"{MINUS if row.similarity < -0.0005 else ''}{abs(row.similarity):.3f}"


def share(value: float) -> str:
    """A small share in per cent."""
    return f"{value:.1%}" if value >= 0.001 else "below 0.1%"


def has_scores(row: ModelScores) -> bool:
    """Whether there are scores to show, be they flagged."""
    return row.reason is None or bool(row.seen.any())


def strengths(row: ModelScores) -> FloatArray:
    """Each score over the largest |score| of what the model saw, (n,) in [−1, 1]; 0 for what it did not see."""
    scores = np.where(row.seen, row.scores, 0.0)
    largest = np.abs(scores).max(initial=0.0)
    return np.asarray(scores / largest if largest > 0 else scores)


def decimals(found: ExplainedBy) -> int:
    """Decimals that give the largest score of every model three digits, between 1 and 6."""
    largest = [float(np.abs(row.scores[row.seen]).max(initial=0.0)) for row in found.rows]
    return max((min(6, max(1, 2 - math.floor(math.log10(value)))) for value in largest if value > 0), default=2)


def cosine_words(row: ModelScores, is_teacher: bool) -> str:
    """What stands beside a model's name: its cosine with the first model, or that it is the teacher."""
    return similarity(row) or ("teacher" if is_teacher else "")


def largest_score(row: ModelScores, places: int) -> str:
    """The largest |score|, which has the full colour."""
    return f"{float(np.abs(row.scores[row.seen]).max(initial=0.0)):,.{places}f}"


def words_of(one: ExplainedInput) -> list[Unit]:
    """The units of a text."""
    return [unit for unit in one.units if isinstance(unit, Unit)]


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


def explained_words(comparison: Comparison, one: ExplainedInput) -> str:
    """What is explained, and who chose it."""
    if one.target is None:
        return "explained: the prediction"
    who = "as asked for" if comparison.target_given else f"which {printable(comparison.models[0].name)} predicts"
    return f"explained: “{printable(one.target)}”, {who}"


def headings(one: ExplainedInput, most: int) -> list[str]:
    """What stands above an input: the text or both texts of a pair; of an image its file's name, or its id."""
    if isinstance(one.input, TextInput):
        return [shortened(part, most) or "(no text)" for part in one.input if part is not None]
    return [shortened(one.name, most) or f"example {printable(one.example_id or '')}"]


def facts(comparison: Comparison, one: ExplainedInput) -> list[str]:
    """Which example of the task this is, what was read of it, its label, and what is explained."""
    found = "" if one.example_id is None else f"example {printable(one.example_id)}"
    if isinstance(one.input, ImageInput):
        height, width = one.input.pixels.shape[:2]
        found = one.how_read or f"{width}×{height} pixels"
    label = f"labelled {printable(one.label)}" if one.label else ""
    which = ", ".join(fact for fact in (found, label) if fact)
    return [fact for fact in (which, explained_words(comparison, one), _unread(comparison, one)) if fact]


def knows_empty(one: ExplainedInput) -> bool:
    """Whether f(∅) is known for any model."""
    return any(answer.of_nothing is not None for answer in one.answers)


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
    exponent = str(found.maskings.units).translate(RAISED)
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
            told.setdefault(f"{why(comparison, row.reason)}{measured}", []).append(printable(model.name))
        elif row.why is not None and row.why != first:
            told.setdefault(f"no cosine: {why(comparison, row.why)}", []).append(printable(model.name))
    return [f"{', '.join(names)}: {reason}" for reason, names in told.items()]


def order_notes(comparison: Comparison) -> list[str]:
    """A sentence where label names are `LABEL_0` and the like: nothing here checks their order."""
    names = [printable(model.name) for model in comparison.models if not model.order.named]
    assumed = ", ".join(map(printable, comparison.card.labels))
    return [f"{', '.join(names)}: the labels have no names and are taken as {assumed}"] if names else []


def _unread(comparison: Comparison, one: ExplainedInput) -> str:
    """How much of a long text nobody was asked about."""
    if not one.unread:
        return ""
    window = comparison.card.inputs.max_length
    return f"{one.unread:,} more words lie beyond the task's window of {window} and were not seen"


def scalar_words(comparison: Comparison) -> str:
    """What f is, of what and of nothing."""
    explained = "prediction" if comparison.card.kind == "regression" else "log-odds of the explained class"
    if of_images(comparison):
        return f"the {explained}, for the image x and with every patch masked, ∅"
    return f"the {explained}, for the text x and with no word of it, ∅"


def colour_words(comparison: Comparison) -> str:
    """Which mean colour takes the place of what is not there; empty for texts."""
    masked = comparison.masked_with
    if masked is None:
        return ""
    red, green, blue = masked.facts.mean_colour
    value = f"red {red:.0f}, green {green:.0f}, blue {blue:.0f}"
    if masked.mean_of is not None:
        return f"of the images of {printable(masked.mean_of)} ({value})"
    return f"mid grey, as the images of {printable(masked.wanted)}, are not at hand (see --data-root)"
