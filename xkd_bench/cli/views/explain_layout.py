"""The layout all blocks of a comparison share in the terminal: names, then cosines with the first model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from xkd_bench.cli.views.explain_shades import INK, shade
from xkd_bench.engine.comparison import Comparison

FAINT = 0.05  # of the row's largest: a score below it has no shade


@dataclass(frozen=True)
class Layout:
    """shaded: scores are colours, else numbers. names: of the models, as they are shown, and the cells they take."""

    console: Console
    comparison: Comparison
    shaded: bool
    names: tuple[str, ...]
    name_width: int

    @property
    def compared(self) -> bool:
        return len(self.names) > 1

    def front(self, name: str, cosine: str, name_style: str = "", style: str = "bold") -> Text:
        """What stands left of a row."""
        front = Text().append(set_cell_size(name, self.name_width), name_style)
        if self.compared:
            front.append(f"{cosine:>10}", style)
        return front.append("  ")

    def line(self, text: Text) -> None:
        """One line as it is, however narrow the terminal."""
        self.console.print(text, soft_wrap=True)

    def warn(self, notes: Iterable[str]) -> None:
        for note in notes:
            self.console.print(Text(note, style="yellow"))


def shaded_style(strength: float) -> str:
    """Of a word; one with next to no score stands on the terminal's own ground."""
    return block_style(strength) if abs(strength) >= FAINT else ""


def block_style(strength: float) -> str:
    """Of a patch: grey where it has no score."""
    return f"{INK} on {shade(strength)}"


def fitted(word: str, most: int) -> str:
    """A word cut to `most` cells."""
    return word if cell_len(word) <= most else f"{set_cell_size(word, most - 1)}…"
