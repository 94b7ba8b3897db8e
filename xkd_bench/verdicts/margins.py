"""How much worse a candidate may be: margins from a file, or from what the examples could show.

    schema_version = 1

    [margins]
    mcc = 0.06
    centred_cosine = 0.02            # every explainer but controls
    "centred_cosine.lime" = 0.03     # one of them
    flip_kappa = "power"             # from the baseline's own standard error

Names are those of the scores in a record; a family's name stands for all of its scores. What is not named is not gated.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from xkd_bench.errors import BadInputError
from xkd_bench.explainers import registry as explainers
from xkd_bench.metrics import registry
from xkd_bench.perturbations import registry as perturbations
from xkd_bench.statistics.power import smallest_difference
from xkd_bench.tasks.card import read_toml
from xkd_bench.verdicts.names import direction_of, family_of, in_order, is_control, unknown_name

FOLDER = Path(__file__).parent / "margin_files"
POWER: Literal["power"] = "power"
Margin = float | Literal["power"]
STEPS = 100  # margins are rounded up to a hundredth


def margin_from_power(standard_error: float) -> float | None:
    """⌈100 · (z.975 + z.8) · SE⌉ / 100, SE the bootstrap standard error of the baseline's own score.

    Why the baseline's own: the paired standard error of two students is √(2(1 − ρ)) · SE with ρ the correlation of
    what both get per example, and ρ about ½ for two students of one teacher (CoLA, 1,043 sentences: about .027 in MCC
    and .033 in κ, hence margins of .08 and .10; one of .01 could never pass). It is known before there is a candidate:
    a margin that grew with the noise of the candidate would let a noisy one pass. A student that differs little from
    the baseline has a smaller paired error and passes easily; one with ρ = ½ passes with a power of 80 %, and one that
    shares less with it is more often undecided.

    None where the standard error is 0 or unknown: the examples then say nothing about how far a score strays.
    """
    if not math.isfinite(standard_error) or standard_error <= 0.0:
        return None
    return math.ceil(round(STEPS * smallest_difference(standard_error), 9)) / STEPS


def built_in() -> tuple[str, ...]:
    """Names of the margin files that come with the package."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def read_margins(name: str) -> dict[str, Margin]:
    """Name of a score or family → margin, from a file or from one that comes with the package, e.g. `text`.

    Raises `BadInputError` naming file and field for a name that is no score, one without a better direction, or a
    margin that is neither a number above 0 nor "power".
    """
    path = FOLDER / f"{name}.toml" if name in built_in() else Path(name)
    if not path.suffix and not path.exists():
        raise BadInputError(
            where="--margins",
            expected=f"a .toml file, or one of {', '.join(built_in())}",
            found=repr(name),
            fix="name one",
        )
    content = read_toml(path)
    _check_frame(content, path)
    return checked_margins(_flat(content["margins"]), f"{path}, margins")


def checked_margins(margins: Mapping[str, Any], where: str) -> dict[str, Margin]:
    """The margins, if all of them can be used. where: what an error names. Raises `BadInputError` as `read_margins`."""
    for one, margin in margins.items():
        _check(one, margin, f"{where}.{one}")
    if not margins:
        raise BadInputError(where=where, expected="at least one margin", found="none", fix="e.g. kappa = 0.05")
    return dict(margins)


def margins_of(margins: Mapping[str, Margin], available: Iterable[str], headline: str) -> dict[str, Margin]:
    """Score → margin: of a family every score that is no control, a score's own margin before its family's. A name
    without any score here stays, so that it is told as missing."""
    known = list(available)
    found: dict[str, Margin] = {}
    for name, margin in margins.items():
        members = [one for one in known if family_of(one) == name and one != name and not is_control(one)]
        for one in members or [name]:
            found[one] = margins.get(one, margin)
    return {name: found[name] for name in in_order(found, headline)}


def _check_frame(content: Mapping[str, Any], path: Path) -> None:
    odd = set(content) - {"schema_version", "summary", "margins"}
    if odd or content.get("schema_version") != 1 or not isinstance(content.get("margins"), dict):
        raise BadInputError(
            where=str(path),
            expected="schema_version = 1 and a table [margins], perhaps a summary",
            found=f"fields {', '.join(content) or 'none'}",
            fix=f"start from {FOLDER / 'text.toml'}",
        )


def _flat(margins: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """`centred_cosine.lime = 0.03` without quotes is a table in a table; both spellings mean the same."""
    found: dict[str, Any] = {}
    for name, value in margins.items():
        found |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {before + name: value}
    return found


def _check(name: str, margin: object, where: str) -> None:
    family, _, key = name.partition(".")
    of_key = {**explainers.cards(), **perturbations.cards()}
    if family not in registry.cards() or (key and key.partition(".")[0] not in of_key):
        raise unknown_name(name, [*registry.cards(), *_examples_of_names()], where)
    if direction_of(name) == "none":
        raise BadInputError(
            where=where,
            expected="a score of which more, or less, is better",
            found=f"{name}, which has no better direction",
            fix="leave it out",
        )
    number = isinstance(margin, int | float) and not isinstance(margin, bool)
    if margin != POWER and not (number and math.isfinite(float(margin)) and float(margin) > 0):  # type: ignore[arg-type]
        raise BadInputError(
            where=where, expected='a number above 0, or "power"', found=repr(margin), fix=f"e.g. {name} = 0.05"
        )


def _examples_of_names() -> tuple[str, ...]:
    """Scores of explainers and perturbations, as they are written."""
    return (
        *(f"centred_cosine.{key}" for key in explainers.cards()),
        *(f"flip_kappa.{key}" for key in perturbations.cards()),
    )
