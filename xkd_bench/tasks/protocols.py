"""Protocols: the frozen settings of an evaluation, one TOML each. Ranks are made per protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator

from xkd_bench.errors import BadInputError
from xkd_bench.tasks.card import Strict, first_problem, read_toml
from xkd_bench.tasks.registry import builtin_folder


class StatisticsCard(Strict):
    """suite_seed: first word of every seed of an evaluation. resamples: bootstrap draws behind an interval."""

    suite_seed: int
    resamples: Annotated[int, Field(ge=100, le=1_000_000)]


class CoalitionCard(Strict):
    """How many maskings of an example are evaluated, and what takes the place of a masked word or patch.

    All 2ⁿ where they are at most `all_up_to`; else a sample of `sample`, and of at least `per_unit` a unit, since
    single-unit maskings alone are two a unit. fills, image_fills: the first one is the headline, the second asks
    whether a verdict survives it.
    """

    all_up_to: Annotated[int, Field(ge=2, le=65536)]
    sample: Annotated[int, Field(ge=8, le=65536)]
    per_unit: Annotated[int, Field(ge=4, le=64)]
    fills: Annotated[tuple[Literal["delete", "mask"], ...], Field(min_length=1, max_length=2)]
    image_fills: Annotated[tuple[Literal["mean", "blur"], ...], Field(min_length=1, max_length=2)]


class ExplanationCard(Strict):
    """examples: how many are explained, chosen by a hash of the id; the whole split where it is left out.

    random_student_examples: of these, how many a student with random weights explains. steps: of integrated gradients.
    coalitions: left out where no explainer of the protocol reads them.
    """

    explainers: Annotated[tuple[str, ...], Field(min_length=1)]
    examples: Annotated[int, Field(ge=1)] | None = None
    random_student_examples: Annotated[int, Field(ge=0)]
    steps: Annotated[int, Field(ge=1, le=400)]
    coalitions: CoalitionCard | None = None


class MaskingCard(Strict):
    """How faithfulness is measured: the shares of an example's units that are masked, in percent, most and least
    important first; how many random orders they are held against; what takes a masked unit's place."""

    levels: Annotated[tuple[Annotated[int, Field(ge=1, le=99)], ...], Field(min_length=1)]
    random_orders: Annotated[int, Field(ge=1, le=100)]
    fill: Literal["delete", "mask"]
    image_fill: Literal["mean", "blur"]

    @field_validator("levels")
    @classmethod
    def _rising(cls, levels: tuple[int, ...]) -> tuple[int, ...]:
        if list(levels) != sorted(set(levels)):
            raise ValueError("expected shares that rise")
        return levels


class PerturbationsCard(Strict):
    """How robustness is measured: which perturbations of texts and of images, how strong those of texts are, and how
    often each example is perturbed. examples: as in `ExplanationCard`."""

    text: tuple[str, ...]
    image: tuple[str, ...]
    strength: Literal["single_edit", "paper"]
    draws: Annotated[int, Field(ge=1, le=100)]
    examples: Annotated[int, Field(ge=1)] | None = None


class Protocol(Strict):
    schema_version: Literal[1] = 1
    name: str
    version: Annotated[int, Field(ge=1)]
    title: str
    summary: str
    statistics: StatisticsCard
    explanations: ExplanationCard
    masking: MaskingCard | None = None
    perturbations: PerturbationsCard | None = None


def find_protocol(name: str) -> Protocol:
    """A protocol by its name, or a `.toml` of one's own: its rows stand in a track of their own and in no rank."""
    return _read(Path(name)) if name.endswith(".toml") else read_protocol(name)


def read_protocol(name: str) -> Protocol:
    """The protocol `quick`, `standard`, `paper` or `aggregation`."""
    folder = builtin_folder() / "protocols"
    known = sorted(path.stem for path in folder.glob("*.toml"))
    if name not in known:
        raise BadInputError(
            where="protocol",
            expected=f"one of {', '.join(known)}",
            found=repr(name),
            fix="choose one of these (`evaluate` also takes a .toml of your own)",
        )
    return _read(folder / f"{name}.toml")


def _read(path: Path) -> Protocol:
    try:
        return Protocol.model_validate(read_toml(path))
    except ValidationError as error:
        field, message = first_problem(error)
        raise BadInputError(
            where=f"{path}, {field}",
            expected="a protocol like tasks/protocols/quick.toml",
            found=message,
            fix="mend this field",
        ) from None
