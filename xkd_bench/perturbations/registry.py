"""The installed perturbations: entry points of the group `xkd_bench.perturbations`, ours and anybody else's alike."""

from __future__ import annotations

from functools import cache

from xkd_bench import plugins
from xkd_bench.errors import BadInputError
from xkd_bench.perturbations.cards import parse_card
from xkd_bench.perturbations.contract import (
    ImagePerturbation,
    Modality,
    Perturbation,
    PerturbationCard,
    TextPerturbation,
)

GROUP = "xkd_bench.perturbations"
KINDS: dict[Modality, type[TextPerturbation | ImagePerturbation]] = {
    "text": TextPerturbation,
    "image": ImagePerturbation,
}


@cache
def cards() -> dict[str, PerturbationCard]:
    """Name → card of every installed perturbation, sorted by name; no perturbation's code is imported."""
    return {name: card(name) for name in plugins.installed(GROUP)}


@cache
def card(name: str) -> PerturbationCard:
    """The card of `name`. Raises `BadInputError` for an unknown name, or a card that cannot be used."""
    point = plugins.find(GROUP, name)
    found = parse_card(plugins.card(point), f"card of perturbation {name} ({point.module})")
    if found.name != name:
        raise BadInputError(
            where=f"card of perturbation {name} ({point.module}), field name",
            expected=repr(name),
            found=repr(found.name),
            fix="give the card the name of its entry point in pyproject.toml",
        )
    return found


def load(name: str) -> Perturbation:
    """The perturbation called `name`. Raises `BadInputError` for an unknown name, or one that is no perturbation."""
    expected = card(name)
    point = plugins.find(GROUP, name)
    found = point.load()
    kind = KINDS[expected.modality]
    if not isinstance(found, kind) or found.card != expected:
        raise BadInputError(
            where=f"entry point {name} of {GROUP}",
            expected=f"a {kind.__name__} (xkd_bench.perturbations.contract) with the card beside its code",
            found=f"{type(found).__name__} at {point.value}",
            fix="make it with card=card_beside(__file__), and let the card's `modality` say what it changes",
        )
    return found


def title(name: str) -> str:
    """What people read for a name; the name itself where none is installed."""
    return card(name).title if name in plugins.installed(GROUP) else name
