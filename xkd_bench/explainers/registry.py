"""The installed explainers: entry points of the group `xkd_bench.explainers`, ours and anybody else's alike."""

from __future__ import annotations

from collections.abc import Iterable

from xkd_bench.explainers.cards import parse_card
from xkd_bench.explainers.contract import (
    Explainer,
    ExplainerCard,
    ModelExplainer,
    SeededExplainer,
    TableExplainer,
)
from xkd_bench.plugins import Registry
from xkd_bench.records.fills import FILLS

GROUP = "xkd_bench.explainers"
INSTALLED: Registry[ExplainerCard, Explainer] = Registry(
    GROUP,
    "explainer",
    parse_card,
    "reads",
    {"coalitions": (TableExplainer,), "model": (ModelExplainer,), "nothing": (SeededExplainer,)},
)
cards, card, load = INSTALLED.cards, INSTALLED.card, INSTALLED.load

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
    known = INSTALLED.title(name)
    return f"{known}, {FILLS.get(fill, fill)}" if fill else known


def in_reading_order(keys: Iterable[str]) -> list[str]:
    """Keys of explainers, those of one explainer together, first fill first."""

    def place(key: str) -> tuple[bool, int, str]:
        name = key.partition(".")[0]
        early = READING_ORDER.index(name) if name in READING_ORDER else len(READING_ORDER)
        return name in LAST, early, key

    return sorted(keys, key=place)
