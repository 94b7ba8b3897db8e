"""Workers on this machine: processes of their own that end with this one, however it ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from xkd_bench.errors import DiskError
from xkd_bench.reference.worker import Shift, work_through

GRACE_SECONDS = 20.0
MOST_DEATHS = 20  # of workers: by then something kills whatever is started


@dataclass
class _Hired:
    process: BaseProcess
    heard: Connection
    number: int


def run_locally(shift: Shift, workers: int, tell: Callable[[str], None]) -> None:
    """Start so many workers and wait for them; one that is killed is replaced, and its job gone on with.

    Raises `DiskError` when one of them could not write: all are stopped then.
    """
    devices = _devices(shift)
    hired = [_hire(shift, number, devices) for number in range(workers)]
    deaths = 0
    try:
        while hired:
            patience = None if shift.deadline is None else max(0.0, shift.deadline - time.time())
            ready = wait([one.heard for one in hired], patience)
            if not ready and shift.deadline is not None:
                tell("the time is used up: what runs is stopped, and goes on next time")
                return
            for one in [one for one in hired if one.heard in ready]:
                if _listen(one, tell):
                    continue
                hired.remove(one)
                one.process.join()
                if one.process.exitcode != 0 and deaths < MOST_DEATHS:
                    deaths += 1
                    tell(f"worker {one.number} ended without a word (exit code {one.process.exitcode}): another begins")
                    hired.append(_hire(shift, one.number, devices))
    finally:
        _stop(hired)


def _hire(shift: Shift, number: int, devices: list[str]) -> _Hired:
    """A worker with one thread, and one of the GPUs where there are any."""
    context = multiprocessing.get_context("spawn")
    heard, told = context.Pipe(duplex=False)
    own = {"OMP_NUM_THREADS": "1"} | ({"CUDA_VISIBLE_DEVICES": devices[number % len(devices)]} if devices else {})
    process = context.Process(target=_serve, args=(shift, number, told), name=f"worker {number}", daemon=True)
    with _environment(own):
        process.start()
    told.close()
    return _Hired(process, heard, number)


@contextmanager
def _environment(own: dict[str, str]) -> Iterator[None]:
    """Variables that a process begins with: its libraries read them when they are imported."""
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _devices(shift: Shift) -> list[str]:
    """The GPUs that this process may see; none for a run on the CPU."""
    if shift.place.device != "cuda":
        return []
    if named := os.environ.get("CUDA_VISIBLE_DEVICES"):
        return named.split(",")
    import torch

    return [str(number) for number in range(torch.cuda.device_count())]


def _listen(one: _Hired, tell: Callable[[str], None]) -> bool:
    """Pass on what a worker says; False when it has ended. Raises what it could not go on with."""
    try:
        said = one.heard.recv()
    except (EOFError, OSError):
        return False
    if isinstance(said, DiskError):
        raise said
    tell(str(said))
    return True


def _stop(hired: list[_Hired]) -> None:
    """Ask first: a worker notes that its job was stopped. Then no more."""
    for one in hired:
        one.process.terminate()
    end = time.monotonic() + GRACE_SECONDS
    for one in hired:
        one.process.join(max(0.0, end - time.monotonic()))
        if one.process.is_alive():
            one.process.kill()
            one.process.join()


def _serve(shift: Shift, number: int, told: Connection) -> None:
    """What a worker's process does."""
    import torch

    _end_with_parent()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    torch.set_num_threads(1)
    try:
        work_through(shift, f"worker {number}", told.send)
    except DiskError as error:
        told.send(error)
    except KeyboardInterrupt:
        pass  # its attempt says so


def _end_with_parent() -> None:
    """A worker whose driver was killed would work on unseen."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
