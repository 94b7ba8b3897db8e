"""The TOML card beside a metric's code, read and checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from math import isinf
from pathlib import Path
from typing import Any, get_args

from xkd_bench.errors import BadInputError
from xkd_bench.metrics.contract import Direction, Group, MetricCard, Reason, Subject, TaskKind
from xkd_bench.plugins import read_card


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _one_of(choices: tuple[str, ...]) -> tuple[str, Callable[[Any], bool]]:
    return f"one of {', '.join(choices)}", lambda value: value in choices


def _kinds(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(kind in get_args(TaskKind) for kind in value)


def _range(value: Any) -> bool:
    numbers = isinstance(value, list) and all(type(end) in (int, float) for end in value)
    return numbers and len(value) == 2 and value[0] < value[1]


_FIELDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "name": ("the entry point's name", _text),
    "title": ("a few words", _text),
    "summary": ("one sentence", _text),
    "group": _one_of(get_args(Group)),
    "subject": _one_of(get_args(Subject)),
    "kinds": (f"a list out of {', '.join(get_args(TaskKind))}", _kinds),
    "direction": _one_of(get_args(Direction)),
    "range": ("[lowest, highest], -inf and inf where there is no bound", _range),
    "formula": ("the formula", _text),
    "citation": ("the source", _text),
    "undefined_as": _one_of(get_args(Reason)),
    "classes": ("a number of classes, 2 or more", lambda value: type(value) is int and value >= 2),
    "on_regression": _one_of(("omit", "undefined")),
    "needs_pairs": ("true or false", lambda value: isinstance(value, bool)),
}


def parse_card(raw: dict[str, Any], where: str) -> MetricCard:
    """The card in `raw`, as read from the file `where`. Raises `BadInputError` naming the first bad field."""
    required = {field.name for field in fields(MetricCard) if field.default is MISSING}
    missing, unknown = sorted(required - set(raw)), sorted(set(raw) - set(_FIELDS))
    if missing or unknown:
        raise BadInputError(
            where=where,
            expected=f"the fields {', '.join(_FIELDS)}",
            found="; ".join(
                f"{what} {', '.join(names)}" for what, names in (("no", missing), ("unknown", unknown)) if names
            ),
            fix="correct the card; xkd_bench/metrics/agreement/kappa.toml is an example",
        )
    for name, value in raw.items():
        expected, is_good = _FIELDS[name]
        if not is_good(value):
            raise BadInputError(
                where=f"{where}, field {name}", expected=expected, found=repr(value), fix="correct the card"
            )
    low, high = (None if isinf(end) else float(end) for end in raw["range"])
    if raw["subject"] == "explanation" and None in (low, high):
        raise BadInputError(
            where=f"{where}, field range",
            expected="two bounds, since the distribution of a similarity is counted in bins between them",
            found=repr(raw["range"]),
            fix="correct the card",
        )
    return MetricCard(**{**raw, "kinds": tuple(raw["kinds"]), "range": (low, high)})


def card_beside(code: str) -> MetricCard:
    """The card beside the file `code`: `card_beside(__file__)` in `kappa.py` reads `kappa.toml`."""
    path = Path(code).with_suffix(".toml")
    return parse_card(read_card(path), str(path))
