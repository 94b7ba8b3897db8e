"""What a person may hand to the verbs, as the commands take it."""

from __future__ import annotations

import os
from pathlib import Path

from xkd_bench.errors import BadInputError

Place = str | os.PathLike[str]  # a folder, a file or a hub id; objects of this package name their own folder


def optional_text(place: Place | None) -> str | None:
    return None if place is None else os.fspath(place)


def optional_path(place: Place | None) -> Path | None:
    return None if place is None else Path(place)


def at_least(least: int, **given: int | None) -> None:
    """Raise `BadInputError` for a number below `least`, which the command line refuses by itself."""
    for name, value in given.items():
        if value is not None and value < least:
            raise BadInputError(
                where=name, expected=f"a whole number, {least} or more", found=repr(value), fix="give a larger one"
            )
