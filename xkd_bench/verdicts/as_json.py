"""Verdicts as JSON, for a script."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from xkd_bench.records import canonical_json

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def as_text(outcome: DataclassInstance) -> str:
    """Every field of an outcome under its own name, the same bytes for the same records."""
    return canonical_json.dumps(asdict(outcome))
