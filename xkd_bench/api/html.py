"""Lines and tables of a terminal as a piece of HTML for the output of a notebook's cell.

It loads nothing and has no script; every text goes through autoescaping. Colours are the page's own, so that it can be
read on light and dark ones; the three of verdicts come in two shades, chosen by how JupyterLab, VS Code and Colab mark
a dark page. The reader's system is not asked: a notebook can be light on a dark desktop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Template
from rich.table import Table
from rich.text import Text

from xkd_bench.leaderboard.render import environment
from xkd_bench.terminal.tables import Shown

HERE = Path(__file__).parent / "templates"
CLASSES = ("right", "inner", "bold", "dim", "italic", "green", "red", "yellow")  # those of the style sheet


@dataclass(frozen=True)
class Cell:
    """A text and the classes of the style sheet it belongs to."""

    text: str
    classes: str


@dataclass(frozen=True)
class Row:
    """head: what the row is about, or a heading over the rows below it where there are no cells."""

    head: Cell
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Block:
    """A line of text, or a table with the headers of its columns."""

    line: Cell | None
    columns: tuple[Cell, ...] = ()
    rows: tuple[Row, ...] = ()


def as_html(shown: Sequence[Shown]) -> str:
    """The blocks in their order, inside one element."""
    blocks = [_table(one) if isinstance(one, Table) else Block(_cell(one)) for one in shown]
    return _template().render(blocks=[block for block in blocks if block.line is None or block.line.text])


@cache
def _template() -> Template:
    return environment(HERE).get_template("shown.html.j2")


def _table(table: Table) -> Block:
    columns = [[_cell(cell, column.justify) for cell in column.cells] for column in table.columns]
    headers = tuple(_cell(column.header, column.justify) for column in table.columns)
    rows = []
    for head, *cells in zip(*columns, strict=True):
        rows.append(Row(head, tuple(cells) if any(cell.text for cell in cells) else ()))
    return Block(None, headers, tuple(rows))


def _cell(found: object, justify: str = "left") -> Cell:
    """Spaces before a text say that it stands below a heading."""
    text = found if isinstance(found, Text) else Text(str(found))
    named = {*str(text.style).split(), justify, "inner" if text.plain.startswith("  ") else ""}
    return Cell(text.plain.strip(), " ".join(one for one in CLASSES if one in named))
