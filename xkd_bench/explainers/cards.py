"""The TOML card beside an explainer's code, read and checked."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

from xkd_bench.errors import BadInputError
from xkd_bench.explainers.contract import ExplainerCard, Reads
from xkd_bench.plugins import read_card


def parse_card(raw: dict[str, Any], where: str) -> ExplainerCard:
    """The card in `raw`, as read from the file `where`. Raises `BadInputError` naming the first bad field."""
    names = [field.name for field in fields(ExplainerCard)]
    if set(raw) != set(names):
        raise BadInputError(
            where=where,
            expected=f"exactly the fields {', '.join(names)}",
            found=", ".join(raw) or "none",
            fix="correct the card; xkd_bench/explainers/lime.toml is an example",
        )
    for name, value in raw.items():
        good = value in get_args(Reads) if name == "reads" else isinstance(value, str) and bool(value.strip())
        if not good:
            expected = f"one of {', '.join(get_args(Reads))}" if name == "reads" else "text"
            raise BadInputError(
                where=f"{where}, field {name}", expected=expected, found=repr(value), fix="correct the card"
            )
    return ExplainerCard(**raw)


def card_beside(code: str) -> ExplainerCard:
    """The card beside the file `code`: `card_beside(__file__)` in `lime.py` reads `lime.toml`."""
    path = Path(code).with_suffix(".toml")
    return parse_card(read_card(path), str(path))
