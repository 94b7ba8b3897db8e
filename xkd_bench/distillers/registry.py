"""Which methods there are: listed from their cards, imported only to be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xkd_bench.errors import BadInputError
from xkd_bench.plugins import card, find, installed

if TYPE_CHECKING:
    from xkd_bench.distillers.contract import Distiller

GROUP = "xkd_bench.distillers"


def cards() -> dict[str, dict[str, Any]]:
    """Name → card (title, summary, formula, needs, cost, citation, settings, presets)."""
    return {name: card(point) for name, point in installed(GROUP).items()}


def load(name: str) -> type[Distiller]:
    """The method itself; this is what imports torch."""
    from xkd_bench.distillers.contract import Distiller

    found = find(GROUP, name).load()
    if not (isinstance(found, type) and issubclass(found, Distiller)):
        raise BadInputError(
            where=f"distiller {name}",
            expected="a subclass of xkd_bench.distillers.contract.Distiller",
            found=repr(found),
            fix="correct the entry point of the package that brings it",
        )
    return found


def preset(name: str, wanted: str | None) -> dict[str, Any]:
    """The settings of a method's preset; none for the house protocol."""
    if wanted is None:
        return {}
    presets = card(find(GROUP, name)).get("presets", {})
    if wanted not in presets:
        raise BadInputError(
            where="--preset",
            expected=f"one of {', '.join(presets)}" if presets else f"no preset: {name} has none",
            found=repr(wanted),
            fix=f"see `xkd-bench distillers show {name}`",
        )
    return dict(presets[wanted])
