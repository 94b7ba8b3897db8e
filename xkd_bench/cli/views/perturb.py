"""Perturbed examples in the terminal: what went is struck out, what came stands after it."""

from __future__ import annotations

from rich.text import Text

from xkd_bench.cli.perturbed_examples import Kind, PerturbedExamples, Piece, segments
from xkd_bench.cli.views.console import make_console
from xkd_bench.tasks.examples import ImageInput
from xkd_bench.terminal.printable import printable

STYLES: dict[Kind, str] = {"same": "", "removed": "red strike", "added": "green bold"}
BRACKETS: dict[Kind, tuple[str, str]] = {"same": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}


def print_examples(found: PerturbedExamples, *, has_page: bool) -> None:
    console = make_console()
    colours = console.is_terminal and console.color_system is not None
    console.print(Text(f"{found.task.title}  ·  {found.card.title}", style="bold"))
    console.print(Text(what_it_does(found), style="dim"))
    for row in found.rows:
        console.print(Text(f"\n{printable(row.example_id)}", style="dim"), end="")
        if row.after is None:
            console.print(Text("  cannot be changed so", style="yellow"))
        else:
            console.print()
        for pieces in segments(row.before, row.after):
            console.print(Text("  ") + line(pieces, colours=colours), soft_wrap=True)
        if isinstance(row.before, ImageInput):
            height, width = row.before.pixels.shape[:2]
            console.print(f"  {height} × {width} pixels, moved by {row.distance['pixels']:.3f} of the range on average")
    console.print(Text(f"\n{summary(found)}", style="dim"))
    if not found.is_text and not has_page:
        console.print(Text("--html page.html shows the pictures", style="dim"))


def line(pieces: list[Piece], *, colours: bool) -> Text:
    """One text; where there are no colours, brackets say what went and what came."""
    text = Text()
    for kind, words in pieces:
        opening, closing = ("", "") if colours else BRACKETS[kind]
        text.append(f"{opening}{printable(words)}{closing}", style=STYLES[kind])
    return text


def what_it_does(found: PerturbedExamples) -> str:
    return found.card.single_edit if found.strength == "single_edit" else found.card.paper


def summary(found: PerturbedExamples) -> str:
    """How many were changed, and how far on average."""
    moved = found.mean_distance
    if not moved:
        far = ""
    elif "pixels" in moved:
        far = f", by {moved['pixels']:.3f} of the range a pixel on average"
    else:
        far = f", by {moved['characters']:.1f} letters and {moved['words']:.1f} words on average"
    return f"draw {found.draw}: {found.applied:.0%} of {len(found.rows)} changed{far}"
