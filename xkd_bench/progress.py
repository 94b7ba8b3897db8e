"""Progress with the time left: a bar on a terminal, plain lines elsewhere, nothing for what is over in two seconds."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

QUIET_SECONDS = 2.0
LINE_SECONDS = 10.0


class Progress:
    """Counts what is done of `total`. `advance` is cheap: it prints at most once in ten seconds without a terminal."""

    def __init__(self, label: str, total: int, unit: str) -> None:
        self.label, self.total, self.unit = label, total, unit
        self.done = 0
        self.started = time.monotonic()
        self._next_line = self.started + QUIET_SECONDS
        self._first: tuple[float, int] | None = None  # before it a model loads
        self._bar: Any = None
        self._bar_task: Any = None
        self._terminal = sys.stderr.isatty()
        # Of several processes that `torchrun` starts, the first one speaks.
        self._silent = os.environ.get("RANK", "0") != "0"

    def advance(self, count: int = 1) -> None:
        """`count` more units are done."""
        self.done += count
        if self._silent:
            return
        if self._bar is not None:
            self._bar.update(self._bar_task, completed=self.done)
            return
        now = time.monotonic()
        self._first = self._first or (now, self.done)
        since, before = self._first
        if now < self._next_line or not before < self.done < self.total:
            return
        if self._terminal:
            self._open_bar()
        else:
            self._next_line = now + LINE_SECONDS
            left = (now - since) / (self.done - before) * (self.total - self.done)
            print(
                f"{self.label}: {self.done}/{self.total} {self.unit}, {_clock(left)} left",
                file=sys.stderr,
                flush=True,
            )

    def _open_bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(self.unit),
            TimeRemainingColumn(),
        )
        self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
        self._bar.start()
        self._bar_task = self._bar.add_task(self.label, total=self.total, completed=self.done)

    def close(self) -> None:
        """Take the bar off the screen; a long run leaves one line saying what it took."""
        if self._bar is not None:
            self._bar.stop()
        seconds = time.monotonic() - self.started
        if seconds > QUIET_SECONDS and self.done and not self._silent:
            rate = self.done / seconds
            print(
                f"{self.label}: {self.done} {self.unit} in {_clock(seconds)} ({rate:.0f} a second)",
                file=sys.stderr,
            )


@contextmanager
def progress(label: str, total: int, unit: str = "examples") -> Iterator[Progress]:
    """Show progress for the length of a block; the bar is gone when the block ends, however it ends."""
    shown = Progress(label, total, unit)
    try:
        yield shown
    finally:
        shown.close()


def _clock(seconds: float) -> str:
    seconds = round(seconds)
    return f"{seconds // 60}:{seconds % 60:02d} min" if seconds >= 60 else f"{seconds} s"
