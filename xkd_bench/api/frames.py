"""Rows as a DataFrame with named and typed columns. pandas is imported only where one is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from xkd_bench.metrics import registry

if TYPE_CHECKING:
    from pandas import DataFrame

Kind = Literal["text", "number", "count", "flag"]
# `string` has a missing value of its own, so that a column without any text has the same type as one with some.
TYPES: dict[Kind, str] = {"text": "string", "number": "float64", "count": "int64", "flag": "bool"}

PREFIXES = ("teacher", "transfer")
OF_THE_STUDENT = ("model", "masking", "perturbed model")


def frame(columns: Mapping[str, Kind], rows: Sequence[Sequence[Any]]) -> DataFrame:
    """One row each, in order. Types are the columns', with and without rows; None is missing text, or NaN."""
    import pandas as pd

    return pd.DataFrame(
        {
            name: pd.Series([row[place] for row in rows], dtype=TYPES[kind])
            for place, (name, kind) in enumerate(columns.items())
        }
    )


def metric_part_model(score: str) -> tuple[str, str | None, str]:
    """A score's name in a record in three: `transfer.drop_most_first.lime` → (drop_most_first, lime, transfer).

    part: the explainer (`lime`, `lime.mask` with the second fill) or the perturbation, None where there is neither.
    model: `student`, `teacher`, `both` for what is about the two together, `transfer` for the teacher's explanation on
    the student.
    """
    before, _, after = score.partition(".")
    if before in PREFIXES:
        metric, _, part = after.partition(".")
        return metric, part or None, before
    metric, _, part = score.partition(".")
    card = registry.cards().get(metric)
    return metric, part or None, "student" if card is None or card.subject in OF_THE_STUDENT else "both"
