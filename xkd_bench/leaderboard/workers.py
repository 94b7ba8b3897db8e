"""Many things to make, one after the other or in several processes, with progress, to the same end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from typing import Any, TypeVar

from xkd_bench.progress import progress

WORTH_PROCESSES = 100  # rows; for less, processes take longer to start than they save

One = TypeVar("One")
Made = TypeVar("Made")
Each = Callable[[Callable[[Any], Any], Sequence[Any], str, str], list[Any]]  # make, things, label, unit


@contextmanager
def workers(processes: int, rows: int) -> Iterator[Each]:
    """A map over `rows` things to make: in `processes` processes where there is much to do."""
    if processes < 2 or rows < WORTH_PROCESSES:
        yield _in_turn
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield partial(_spread, pool)


def _in_turn(make: Callable[[One], Made], things: Sequence[One], label: str, unit: str) -> list[Made]:
    made = []
    with progress(label, len(things), unit) as shown:
        for thing in things:
            made.append(make(thing))
            shown.advance()
    return made


def _spread(
    pool: ProcessPoolExecutor, make: Callable[[One], Made], things: Sequence[One], label: str, unit: str
) -> list[Made]:
    made = []
    with progress(label, len(things), unit) as shown:
        for one in pool.map(make, things, chunksize=max(1, min(8, len(things) // 8))):
            made.append(one)
            shown.advance()
    return made
