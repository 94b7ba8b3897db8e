"""Several processes of one training, as `torchrun` starts them: who writes, and waiting for who does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


def process_count() -> int:
    """How many processes train together; 1 where `torchrun` did not start this one."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_main() -> bool:
    """Whether this process writes what there is one of."""
    return int(os.environ.get("RANK", "0")) == 0


@contextmanager
def main_first(device: str) -> Iterator[None]:
    """The main process goes through the block before the others do."""
    if process_count() == 1:
        yield
        return
    from accelerate import PartialState

    with PartialState(cpu=device == "cpu").main_process_first():
        yield
