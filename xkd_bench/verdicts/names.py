"""Which scores are compared, under the names they have in a record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from xkd_bench.errors import BadInputError
from xkd_bench.explainers import registry as explainers
from xkd_bench.metrics import registry
from xkd_bench.metrics.contract import Direction
from xkd_bench.metrics.reading_order import in_reading_order
from xkd_bench.perturbations import registry as perturbations

# Of each family all explainers or perturbations; the headline score of the task stands before them.
CLASSIFICATION = ("mcc", "accuracy", "kappa", "centred_cosine", "drop_most_first", "flip_kappa")
REGRESSION = (
    "pearson",
    "spearman",
    "teacher_student_pearson",
    "teacher_student_spearman",
    "centred_cosine",
    "change_correlation",
)
OF_EXPLAINERS = ("centred_cosine", "drop_most_first")


def default_names(available: Iterable[str], headline: str, kind: str) -> tuple[str, ...]:
    """The headline score, quality, agreement with the teacher, and for each explainer and perturbation the headline
    score of its group. Controls, explainers that read neither text nor model, are left out."""
    families = (headline, *(CLASSIFICATION if kind == "classification" else REGRESSION))
    known = list(available)
    chosen = [name for family in families for name in known if family_of(name) == family and not is_control(name)]
    return in_order(dict.fromkeys(chosen), headline)


def chosen_names(wanted: Sequence[str], available: Iterable[str], headline: str, where: str) -> tuple[str, ...]:
    """The names asked for; a family's name, `centred_cosine`, stands for all of its scores that are no controls.

    Raises `BadInputError` with the known names for one that is none of them.
    """
    known = list(available)
    chosen: list[str] = []
    for one in wanted:
        matching = [one] if one in known else [n for n in known if family_of(n) == one and not is_control(n)]
        if not matching:
            raise unknown_name(one, known, where)
        chosen += matching
    return in_order(dict.fromkeys(chosen), headline)


def unknown_name(name: str, known: Iterable[str], where: str) -> BadInputError:
    """An error that lists the known names, families once."""
    names = list(known)
    listed = dict.fromkeys([*(family_of(one) for one in names), *names])
    near = get_close_matches(name, listed, n=3, cutoff=0.6)
    return BadInputError(
        where=where,
        expected=f"the name of a score, or of a family of scores: {', '.join(listed)}",
        found=repr(name),
        fix=f"did you mean {' or '.join(near)}?" if near else "choose one of these",
    )


def family_of(name: str) -> str:
    """`centred_cosine` of `centred_cosine.lime`."""
    return name.partition(".")[0]


def is_control(name: str) -> bool:
    """Whether the score is of an explainer that reads neither text nor model."""
    key = name.partition(".")[2].partition(".")[0]
    card = explainers.cards().get(key)
    return card is not None and card.reads == "nothing"


def title_of(name: str) -> str:
    """`Centred cosine, LIME`."""
    family, _, key = name.partition(".")
    card = registry.cards().get(family)
    title = card.title if card else family
    if not key:
        return title
    of = perturbations.title(key) if card and card.group == "robustness" else explainers.title(key)
    return f"{title}, {of}"


def direction_of(name: str) -> Direction:
    card = registry.cards().get(family_of(name))
    return card.direction if card else "none"


def in_order(names: Iterable[str], headline: str) -> tuple[str, ...]:
    """As people read them: the headline score, then by group, explainers in their usual order."""
    order = {card.name: place for place, card in enumerate(in_reading_order(registry.cards()))}
    listed = list(names)
    keys = explainers.in_reading_order({name.partition(".")[2] for name in listed})

    def place(name: str) -> tuple[bool, int, int]:
        return name != headline, order.get(family_of(name), len(order)), keys.index(name.partition(".")[2])

    return tuple(sorted(listed, key=place))
