"""A comparison in the terminal: what is explained, what each model answers, then its words or patches."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from xkd_bench.cli.explain_wording import (
    MINUS,
    colour_words,
    directions,
    facts,
    has_scores,
    headings,
    knows_empty,
    of_images,
    order_notes,
    scalar,
    scalar_words,
)
from xkd_bench.cli.views.console import make_console
from xkd_bench.cli.views.explain_layout import Layout, block_style, fitted, shaded_style
from xkd_bench.cli.views.explain_patches import print_patches
from xkd_bench.cli.views.explain_words import NO_SCORE_MARK, print_words
from xkd_bench.engine.comparison import Comparison, ExplainedInput
from xkd_bench.terminal.printable import printable

WIDEST_NAME, LONGEST_TEXT = 32, 400


def print_comparison(comparison: Comparison) -> None:
    """The legend, then a block for every text or image."""
    console = make_console()
    shaded = console.is_terminal and not console.no_color and console.color_system is not None
    names = tuple(fitted(printable(model.name), WIDEST_NAME) for model in comparison.models)
    titles = {found.title for one in comparison.inputs for found in one.explainers}
    layout = Layout(console, comparison, shaded, names, max(map(cell_len, (*names, *titles))))
    card, protocol = comparison.card, comparison.protocol
    layout.line(Text().append(printable(card.title), "bold").append(f"  protocol {protocol.name}", "dim"))
    layout.line(_legend(layout))
    layout.warn(order_notes(comparison))
    for place, one in enumerate(comparison.inputs, 1):
        console.print()
        _print_input(layout, one, f"{place}  " if len(comparison.inputs) > 1 else "")


def _legend(layout: Layout) -> Text:
    comparison = layout.comparison
    against, towards = directions(comparison)
    legend = Text(style="dim")
    if layout.shaded:
        style = block_style if of_images(comparison) else shaded_style
        bar = Text().join(Text("  ", style(step / 4)) for step in range(-4, 5))
        legend = Text().append(f"{against} ", "dim").append_text(bar).append(f" {towards}", "dim")
        legend.append(f"; full colour: the {'map' if of_images(comparison) else 'row'}’s largest score", "dim")
        legend.append("; struck out: no score" * _some_without_score(comparison), "dim")
    else:
        legend.append(
            f"{MINUS} {against}, + {towards}" + f"; {NO_SCORE_MARK} no score" * _some_without_score(comparison)
        )
    legend.append(f"\nf: {scalar_words(comparison)}", "dim")
    if colour := colour_words(comparison):
        legend.append(f"\nmean colour: {colour}", "dim")
    if layout.compared:
        legend.append(f"\ncosine: of the centred scores, with those of {layout.names[0]}", "dim")
    return legend


def _some_without_score(comparison: Comparison) -> bool:
    explained = (found for one in comparison.inputs for found in one.explainers)
    return any(has_scores(row) and not row.seen.all() for found in explained for row in found.rows)


def _print_input(layout: Layout, one: ExplainedInput, number: str) -> None:
    for heading in headings(one, LONGEST_TEXT):
        layout.console.print(Text(number + heading, style="bold"))
        number = " " * len(number)
    layout.console.print(Text("; ".join(facts(layout.comparison, one)), style="dim"))
    layout.console.print()
    _print_answers(layout, one)
    if not one.units:
        layout.console.print(Text("\nno word to explain", style="yellow"))
        return
    for found in one.explainers:
        layout.console.print()
        if one.grid is None:
            print_words(layout, one, found)
        else:
            print_patches(layout, one, found)


def _print_answers(layout: Layout, one: ExplainedInput) -> None:
    """What each model predicts, under the names' column like everything else."""
    comparison = layout.comparison
    regression = comparison.card.kind == "regression"
    heads = ["predicts"] if regression else ["predicts", "p", "f(x)"]
    rows = [[Text(head, "bold") for head in (*heads, *["f(∅)"] * knows_empty(one))]]
    for answer in one.answers:
        style = "yellow" if answer.predicted != one.target else ""
        label = [] if answer.predicted is None else [Text(printable(answer.predicted), style)]
        numbers = [] if answer.probability is None else [f"{answer.probability:.3f}"]
        numbers += [scalar(comparison, value) for value in (answer.value, answer.of_nothing)]
        rows.append([*label, *map(Text, numbers)][: len(rows[0])])
    widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    for name, cells in zip(("", *layout.names), rows, strict=True):
        line = Text(set_cell_size(name, layout.name_width))
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True)):
            blank = " " * (width - cell.cell_len)
            line.append("   ")
            line = line + cell + blank if place == 0 and not regression else line + blank + cell
        layout.line(line)
