"""Two models' views of the same examples, one after the other.

Some statistics are those of a view and not of an example alone: those of a correlation are taken from the view's own
mean. Only taken from both models together do they belong to one sum in which examples were exchanged.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np

View = TypeVar("View")
SECOND = "\n2"  # no id holds a line break


def stacked(first: View, second: View) -> View:
    """A view of 2n examples: those of `first`, then those of `second`, whose ids and twins are told apart."""
    assert is_dataclass(first)
    assert not isinstance(first, type)
    assert is_dataclass(second)
    return replace(
        first,
        **{one.name: _both(one.name, getattr(first, one.name), getattr(second, one.name)) for one in fields(first)},
    )


def _both(name: str, one: Any, other: Any) -> Any:
    if isinstance(one, np.ndarray):
        return np.concatenate([one, other])
    if name in ("example_ids", "twins") and one is not None:
        return (*one, *(None if text is None else text + SECOND for text in other))
    return stacked(one, other) if is_dataclass(one) else one
