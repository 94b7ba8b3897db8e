"""Which methods there are: listed from their cards, imported only to be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xkd_bench.errors import BadInputError
from xkd_bench.plugins import card, find, installed

if TYPE_CHECKING:
    from xkd_bench.distillers.contract import Distiller

GROUP = "xkd_bench.distillers"


@dataclass(frozen=True)
class Preset:
    """What a paper or its code ran with: the method's settings, and the schedule (epochs, batch_size, learning_rate,
    weight_decay, warmup), which stands in for the task's own."""

    settings: Mapping[str, Any]
    training: Mapping[str, Any]


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


def preset(name: str, wanted: str | None, task: str) -> Preset:
    """A method's preset for a task; nothing set for the house protocol.

    Raises `BadInputError` for a preset that does not exist, or that has values task by task and none for this one.
    """
    if wanted is None:
        return Preset({}, {})
    presets = card(find(GROUP, name)).get("presets", {})
    if wanted not in presets:
        raise BadInputError(
            where="--preset",
            expected=f"one of {', '.join(presets)}" if presets else f"no preset: {name} has none",
            found=repr(wanted),
            fix=f"see `xkd-bench distillers show {name}`",
        )
    found = presets[wanted]
    own: dict[str, Any] = {}
    if "tasks" in found:
        if task not in found["tasks"]:
            raise BadInputError(
                where=f"--preset {wanted}",
                expected=f"a task that the preset has values for: {', '.join(found['tasks'])}",
                found=task,
                fix="leave the preset out and give --set and --learning-rate yourself",
            )
        own = found["tasks"][task]
    return Preset(
        {**found.get("settings", {}), **own.get("settings", {})},
        {**found.get("training", {}), **own.get("training", {})},
    )
