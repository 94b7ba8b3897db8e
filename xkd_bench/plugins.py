"""Extension points: what is installed under an entry-point group, found without importing any of it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from xkd_bench.errors import BadInputError

LONGEST_SUMMARY = 200  # a listing wraps it, a page shows it whole


@cache
def installed(group: str) -> dict[str, EntryPoint]:
    """Name → entry point of one group, e.g. `xkd_bench.metrics`, sorted by name. Two of one name are an error."""
    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=group), key=lambda point: point.name):
        other = found.get(point.name)
        if other is not None and other.value != point.value:
            raise BadInputError(
                where=f"entry points of {group}",
                expected=f"one plugin named {point.name!r}",
                found=f"{other.value} and {point.value}",
                fix="uninstall one of the two packages, or rename the plugin in its pyproject.toml",
            )
        found[point.name] = point
    return found


def find(group: str, name: str) -> EntryPoint:
    """The entry point called `name`, or an error that suggests near names."""
    known = installed(group)
    if name not in known:
        near = get_close_matches(name, known, n=3, cutoff=0.5)
        raise BadInputError(
            where=group,
            expected=f"one of {', '.join(known)}",
            found=repr(name),
            fix=f"did you mean {' or '.join(near)}?" if near else "choose one of these names",
        )
    return known[name]


def card(point: EntryPoint) -> dict[str, Any]:
    """The TOML card beside a plugin's code: `a/b/thing.py` has `a/b/thing.toml`. The code itself is not imported."""
    spec = find_spec(point.module)
    if spec is None or spec.origin is None:
        raise BadInputError(
            where=f"entry point {point.name}",
            expected=f"an importable module {point.module}",
            found="none",
            fix="reinstall the package that declares it",
        )
    return read_card(Path(spec.origin).with_suffix(".toml"))


def read_card(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInputError(
            where=str(path),
            expected="a card (TOML) beside the plugin's code",
            found="no such file",
            fix="add it; every plugin has one",
        ) from None


@dataclass(frozen=True)
class Finding:
    """One thing that must hold of a plugin, whether it does, and what was found."""

    what: str
    holds: bool
    note: str = ""


def check_card(told: Mapping[str, Any], wanted: Sequence[str]) -> Finding:
    """Whether a card has all it must have, its one line short enough for a listing."""
    missing = [name for name in wanted if name not in told or told[name] in ("", None)]
    if missing:
        return Finding("its card is complete", False, f"missing: {', '.join(missing)}")
    long = len(str(told.get("summary", ""))) > LONGEST_SUMMARY
    note = f"its summary has more than {LONGEST_SUMMARY} characters" if long else ""
    return Finding("its card is complete", not long, note)
