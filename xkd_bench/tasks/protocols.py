"""Protocols: the frozen settings of an evaluation, one TOML each. Ranks are made per protocol."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationError

from xkd_bench.errors import BadInputError
from xkd_bench.tasks.card import Strict, first_problem, read_toml
from xkd_bench.tasks.registry import builtin_folder


class StatisticsCard(Strict):
    """suite_seed: first word of every seed of an evaluation. resamples: bootstrap draws behind an interval."""

    suite_seed: int
    resamples: Annotated[int, Field(ge=100, le=1_000_000)]


class Protocol(Strict):
    schema_version: Literal[1] = 1
    name: str
    version: Annotated[int, Field(ge=1)]
    title: str
    summary: str
    statistics: StatisticsCard


def read_protocol(name: str) -> Protocol:
    """The protocol `quick`, `standard` or `paper`."""
    folder = builtin_folder() / "protocols"
    known = sorted(path.stem for path in folder.glob("*.toml"))
    if name not in known:
        raise BadInputError(
            where="--protocol",
            expected=f"one of {', '.join(known)}",
            found=repr(name),
            fix="choose one of these",
        )
    try:
        return Protocol.model_validate(read_toml(folder / f"{name}.toml"))
    except ValidationError as error:
        field, message = first_problem(error)
        raise BadInputError(
            where=f"{folder / name}.toml, {field}",
            expected="a protocol",
            found=message,
            fix="reinstall xkd-bench",
        ) from None
