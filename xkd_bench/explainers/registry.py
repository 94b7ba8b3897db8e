"""The installed explainers: entry points of the group `xkd_bench.explainers`, ours and anybody else's alike."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from xkd_bench import plugins
from xkd_bench.errors import BadInputError
from xkd_bench.explainers.cards import parse_card
from xkd_bench.explainers.contract import (
    Explainer,
    ExplainerCard,
    ModelExplainer,
    Reads,
    SeededExplainer,
    TableExplainer,
)
from xkd_bench.records.fills import FILLS

GROUP = "xkd_bench.explainers"
KINDS: dict[Reads, type[TableExplainer | ModelExplainer | SeededExplainer]] = {
    "coalitions": TableExplainer,
    "model": ModelExplainer,
    "nothing": SeededExplainer,
}


@cache
def cards() -> dict[str, ExplainerCard]:
    """Name → card of every installed explainer, sorted by name; no explainer's code is imported."""
    return {name: card(name) for name in plugins.installed(GROUP)}


@cache
def card(name: str) -> ExplainerCard:
    """The card of `name`. Raises `BadInputError` for an unknown name, or a card that cannot be used."""
    point = plugins.find(GROUP, name)
    found = parse_card(plugins.card(point), f"card of explainer {name} ({point.module})")
    if found.name != name:
        raise BadInputError(
            where=f"card of explainer {name} ({point.module}), field name",
            expected=repr(name),
            found=repr(found.name),
            fix="give the card the name of its entry point in pyproject.toml",
        )
    return found


def load(name: str) -> Explainer:
    """The explainer called `name`. Raises `BadInputError` for an unknown name, or one that is no explainer."""
    expected = card(name)
    point = plugins.find(GROUP, name)
    found = point.load()
    kind = KINDS[expected.reads]
    if not isinstance(found, kind) or found.card != expected:
        raise BadInputError(
            where=f"entry point {name} of {GROUP}",
            expected=f"a {kind.__name__} (xkd_bench.explainers.contract) with the card beside its code",
            found=f"{type(found).__name__} at {point.value}",
            fix="make it with card=card_beside(__file__), and let the card's `reads` say what it reads",
        )
    return found


# What a reader looks for first; others follow by name, the control last.
READING_ORDER = (
    "lime",
    "shap",
    "occlusion",
    "integrated_gradients",
    "input_x_gradient",
    "globenc",
    "globenc_plus",
    "ats",
    "ats_plus",
    "attention",
    "attention_plus",
)
LAST = ("random",)


def title(key: str) -> str:
    """What people read for a key: `LIME`, or `LIME, words masked` for `lime.mask`; the name where none is installed."""
    name, _, fill = key.partition(".")
    known = card(name).title if name in plugins.installed(GROUP) else name
    return f"{known}, {FILLS.get(fill, fill)}" if fill else known


def in_reading_order(keys: Iterable[str]) -> list[str]:
    """Keys of explainers, those of one explainer together, first fill first."""

    def place(key: str) -> tuple[bool, int, str]:
        name = key.partition(".")[0]
        early = READING_ORDER.index(name) if name in READING_ORDER else len(READING_ORDER)
        return name in LAST, early, key

    return sorted(keys, key=place)
