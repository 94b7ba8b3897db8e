"""What the command line would print."""

from __future__ import annotations

import io

from rich.console import Console


def on_terminal(shown: object, width: int = 120) -> str:
    """What rich prints of an object, as `xkd-bench` prints to a file."""
    text = io.StringIO()
    Console(file=text, width=width, highlight=False).print(shown)
    return text.getvalue()


def without_cost(output: str) -> list[str]:
    """Lines that two runs of the same thing agree on."""
    return [line for line in output.splitlines() if not line.startswith(("forward passes:", "record:"))]
