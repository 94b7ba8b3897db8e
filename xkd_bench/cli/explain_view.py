"""A comparison in the terminal: models as rows, words in columns; shaded where there is colour, else with numbers."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from xkd_bench.cli.console import make_console
from xkd_bench.cli.explain_words import (
    MINUS,
    decimals,
    directions,
    example_words,
    explained_words,
    has_words,
    in_lines,
    knows_empty,
    notes,
    order_notes,
    printable,
    printable_word,
    scalar,
    shortened,
    signed,
    similarity,
    source_words,
    strengths,
    unread_words,
)
from xkd_bench.engine.explain_texts import Comparison, ExplainedBy, ExplainedText, ModelWords

# All shades are equally far from black and from white, so they stand out alike on a dark and on a light terminal, and
# white letters are readable on each: what grows with the score is the colour, not the lightness.
GREY, FOR, AGAINST, INK = (0x76, 0x76, 0x76), (0x0A, 0x6C, 0xD6), (0xC2, 0x4E, 0x00), "#ffffff"
FAINT = 0.05  # of the row's largest: a score below it has no shade
WIDEST_WORD, WIDEST_NAME, LONGEST_TEXT = 24, 32, 400
NO_SCORE_MARK = "·"


def print_comparison(comparison: Comparison) -> None:
    """The legend, then a block for every text."""
    console = make_console()
    shaded = console.is_terminal and not console.no_color and console.color_system is not None
    _View(console, comparison, shaded).print()


class _View:
    """The layout all blocks share: names, then cosines with the first model, then words."""

    def __init__(self, console: Console, comparison: Comparison, shaded: bool) -> None:
        self.console, self.comparison, self.shaded = console, comparison, shaded
        self.names = [_fitted(printable(model.name), WIDEST_NAME) for model in comparison.models]
        titles = {found.title for text in comparison.texts for found in text.explainers}
        self.name_width = max(map(cell_len, (*self.names, *titles)))
        self.compared = len(self.names) > 1

    def print(self) -> None:
        card, protocol = self.comparison.card, self.comparison.protocol
        self._line(Text().append(printable(card.title), "bold").append(f"  protocol {protocol.name}", "dim"))
        self._line(self._legend())
        for note in order_notes(self.comparison):
            self.console.print(Text(note, style="yellow"))
        for place, text in enumerate(self.comparison.texts, 1):
            self.console.print()
            self._text(text, f"{place}  " if len(self.comparison.texts) > 1 else "")

    def _legend(self) -> Text:
        against, towards = directions(self.comparison)
        legend = Text(style="dim")
        if self.shaded:
            bar = Text().join(Text("  ", _style(step / 4)) for step in range(-4, 5))
            legend = Text().append(f"{against} ", "dim").append_text(bar).append(f" {towards}", "dim")
            legend.append("; full colour: the row’s largest score", "dim")
            legend.append("; struck out: no score" * self._some_without_score(), "dim")
        else:
            legend.append(
                f"{MINUS} {against}, + {towards}" + f"; {NO_SCORE_MARK} no score" * self._some_without_score()
            )
        explained = "prediction" if self.comparison.card.kind == "regression" else "log-odds of the explained class"
        legend.append(f"\nf: the {explained}, for the text x and with no word of it, ∅", "dim")
        if self.compared:
            legend.append(f"\ncosine: of the centred scores, with those of {self.names[0]}", "dim")
        return legend

    def _some_without_score(self) -> bool:
        explained = (found for text in self.comparison.texts for found in text.explainers)
        return any(has_words(row) and not row.seen.all() for found in explained for row in found.rows)

    def _text(self, text: ExplainedText, number: str) -> None:
        for part in text.input:
            if part is not None:
                words = shortened(part, LONGEST_TEXT) or "(no text)"
                self.console.print(Text(number + words, style="bold"))
                number = " " * len(number)
        facts = (example_words(text), explained_words(self.comparison, text), unread_words(self.comparison, text))
        self.console.print(Text("; ".join(fact for fact in facts if fact), style="dim"))
        self.console.print()
        self._answers(text)
        if not text.units:
            self.console.print(Text("\nno word to explain", style="yellow"))
            return
        for found in text.explainers:
            self.console.print()
            self._words(text, found)

    def _answers(self, text: ExplainedText) -> None:
        """What each model predicts, under the names' column like everything else."""
        regression = self.comparison.card.kind == "regression"
        heads = ["predicts"] if regression else ["predicts", "p", "f(x)"]
        rows = [[Text(head, "bold") for head in (*heads, *["f(∅)"] * knows_empty(text))]]
        for answer in text.answers:
            style = "yellow" if answer.predicted != text.target else ""
            label = [] if answer.predicted is None else [Text(printable(answer.predicted), style)]
            numbers = [] if answer.probability is None else [f"{answer.probability:.3f}"]
            numbers += [scalar(self.comparison, value) for value in (answer.value, answer.without_words)]
            rows.append([*label, *map(Text, numbers)][: len(rows[0])])
        widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
        for name, cells in zip(("", *self.names), rows, strict=True):
            line = Text(set_cell_size(name, self.name_width))
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True)):
                blank = " " * (width - cell.cell_len)
                line.append("   ")
                line = line + cell + blank if place == 0 and not regression else line + blank + cell
            self._line(line)

    def _words(self, text: ExplainedText, found: ExplainedBy) -> None:
        facts = source_words(self.comparison, found)
        self._line(self._front(found.title, "cosine", "bold", "dim").append(facts, "dim"))
        words = [_fitted(printable_word(unit), WIDEST_WORD) for unit in text.units]
        cells = [_shaded(words, row) for row in found.rows] if self.shaded else _numbers(found)
        heads = [Text(word, "bold") for word in words]
        widths = [max(one.cell_len for one in column) + 1 for column in zip(heads, *cells, strict=True)]
        room = self.console.width - self._front("", "").cell_len
        for place, line in enumerate(in_lines(text.units, widths, room)):
            if place:
                self.console.print()
            if not self.shaded:
                self._line(self._row(self._front("", ""), heads, widths, line))
            for name, model, row, own in zip(self.names, self.comparison.models, found.rows, cells, strict=True):
                cosine = similarity(row) or ("teacher" if model.is_teacher else "")
                front = self._front(name, "" if place else cosine)
                self._line(self._row(front, own, widths, line if has_words(row) else ()))
        for note in notes(self.comparison, found):
            self.console.print(Text(note, style="yellow"))

    def _front(self, name: str, cosine: str, name_style: str = "", style: str = "bold") -> Text:
        front = Text().append(set_cell_size(name, self.name_width), name_style)
        if self.compared:
            front.append(f"{cosine:>10}", style)
        return front.append("  ")

    def _row(self, front: Text, cells: Sequence[Text], widths: Sequence[int], line: Sequence[int]) -> Text:
        for place in line:
            blank = " " * (widths[place] - cells[place].cell_len)
            front = front.append_text(cells[place]).append(blank) if self.shaded else front.append(blank) + cells[place]
        return front

    def _line(self, text: Text) -> None:
        """One line as it is, however narrow the terminal."""
        self.console.print(text, soft_wrap=True)


def _shaded(words: Sequence[str], row: ModelWords) -> list[Text]:
    return [
        Text(f" {word} ", _style(float(strength))) if seen else Text(" ").append(word, "dim strike").append(" ")
        for word, strength, seen in zip(words, strengths(row), row.seen, strict=True)
    ]


def _style(strength: float) -> str:
    return f"{INK} on {shade(strength)}" if abs(strength) >= FAINT else ""


def _numbers(found: ExplainedBy) -> list[list[Text]]:
    places = decimals(found)
    return [
        [
            Text(" " + (signed(float(s), places) if seen else NO_SCORE_MARK))
            for s, seen in zip(row.scores, row.seen, strict=True)
        ]
        for row in found.rows
    ]


def shade(strength: float) -> str:
    """Background of a word: grey at 0, the full hue at −1 and 1, mixed as light is."""
    hue, part = (FOR if strength > 0 else AGAINST), abs(strength)
    mixed = [_light(grey) + part * (_light(full) - _light(grey)) for grey, full in zip(GREY, hue, strict=True)]
    return "#" + "".join(f"{_byte(value):02x}" for value in mixed)


def _light(byte: int) -> float:
    """A channel of sRGB as light, in [0, 1] (IEC 61966-2-1)."""
    value = byte / 255
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _byte(light: float) -> int:
    value = light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
    return round(255 * value)


def _fitted(word: str, most: int) -> str:
    return word if cell_len(word) <= most else f"{set_cell_size(word, most - 1)}…"
