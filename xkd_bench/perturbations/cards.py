"""The TOML card beside a perturbation's code, read and checked."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

from xkd_bench.errors import BadInputError
from xkd_bench.perturbations.contract import Modality, PerturbationCard
from xkd_bench.plugins import read_card


def parse_card(raw: dict[str, Any], where: str) -> PerturbationCard:
    """The card in `raw`, as read from the file `where`. Raises `BadInputError` naming the first bad field."""
    names = [field.name for field in fields(PerturbationCard)]
    if set(raw) != set(names):
        raise BadInputError(
            where=where,
            expected=f"exactly the fields {', '.join(names)}",
            found=", ".join(raw) or "none",
            fix="correct the card; xkd_bench/perturbations/word_swap.toml is an example",
        )
    for name, value in raw.items():
        choice = name == "modality"
        may_be_empty = name == "paper" and raw["modality"] == "image"
        good = (
            value in get_args(Modality) if choice else isinstance(value, str) and (bool(value.strip()) or may_be_empty)
        )
        if not good:
            expected = f"one of {', '.join(get_args(Modality))}" if choice else "text"
            raise BadInputError(
                where=f"{where}, field {name}", expected=expected, found=repr(value), fix="correct the card"
            )
    return PerturbationCard(**raw)


def card_beside(code: str) -> PerturbationCard:
    """The card beside the file `code`: `card_beside(__file__)` in `word_swap.py` reads `word_swap.toml`."""
    path = Path(code).with_suffix(".toml")
    return parse_card(read_card(path), str(path))
