"""Extension points: what is installed under an entry-point group, found without importing any of it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

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


class Named(Protocol):
    """What every card has."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...


Card = TypeVar("Card", bound=Named)
Plugin = TypeVar("Plugin")


@dataclass(frozen=True, eq=False)
class Registry(Generic[Card, Plugin]):
    """What is installed of one group, ours and anybody else's alike, each with its card beside its code.

    noun: what one of them is called. parse: the raw card, and what to call it in an error → the card. told_by: the
    field of the card that says of which `kinds` the plugin must be.
    """

    group: str
    noun: str
    parse: Callable[[dict[str, Any], str], Card]
    told_by: str
    kinds: Mapping[str, tuple[type[Plugin], ...]]

    def cards(self) -> dict[str, Card]:
        """Name → card, sorted by name; no plugin's code is imported. Raises `BadInputError` as `card` does."""
        return {name: self.card(name) for name in installed(self.group)}

    @cache  # noqa: B019 - a registry lives as long as the program
    def card(self, name: str) -> Card:
        """The card of `name`. Raises `BadInputError` for an unknown name, or a card that cannot be used."""
        point = find(self.group, name)
        where = f"card of {self.noun} {name} ({point.module})"
        found = self.parse(card(point), where)
        if found.name != name:
            raise BadInputError(
                where=f"{where}, field name",
                expected=repr(name),
                found=repr(found.name),
                fix="give the card the name of its entry point in pyproject.toml",
            )
        return found

    def load(self, name: str) -> Plugin:
        """The plugin itself. Raises `BadInputError` for an unknown name, or one that is not what its card says."""
        expected, point = self.card(name), find(self.group, name)
        found, told = point.load(), getattr(expected, self.told_by)
        where = f"entry point {name} of {self.group}"
        kinds = self.kinds[told]
        if not isinstance(found, kinds):
            raise BadInputError(
                where=where,
                expected=f"a {' or '.join(kind.__name__ for kind in kinds)} ({self.group}.contract), "
                f"the card's {self.told_by} being {told!r}",
                found=f"{type(found).__name__} at {point.value}",
                fix=f"let the entry point name the {self.noun} itself, e.g. package.module:{self.noun}, and the card's "
                f"`{self.told_by}` say what it is",
            )
        if getattr(found, "card", None) != expected:
            raise BadInputError(
                where=where,
                expected=f"the {self.noun} to carry the card beside its code ({point.module})",
                found="another card",
                fix="make it with card=card_beside(__file__)",
            )
        return found

    def title(self, name: str) -> str:
        """What people read for a name; the name itself where none is installed."""
        return self.card(name).title if name in installed(self.group) else name


@dataclass(frozen=True)
class Promise:
    """One thing that must hold of a plugin, whether it does, and what was found."""

    what: str
    holds: bool
    note: str = ""


def check_card(told: Mapping[str, Any], wanted: Sequence[str]) -> Promise:
    """Whether a card has all it must have, its one line short enough for a listing."""
    missing = [name for name in wanted if name not in told or told[name] in ("", None)]
    if missing:
        return Promise("its card is complete", False, f"missing: {', '.join(missing)}")
    long = len(str(told.get("summary", ""))) > LONGEST_SUMMARY
    note = f"its summary has more than {LONGEST_SUMMARY} characters" if long else ""
    return Promise("its card is complete", not long, note)
