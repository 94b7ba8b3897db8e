"""The same workers on a Ray cluster: Ray says where they run and starts one again whose node was lost.

What jobs there are and who holds one stands in the work folder alone, which every node must see, so that a run on a
cluster, on one machine, or on both in turn makes the same bytes.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

from xkd_bench.errors import BadInputError, DiskError
from xkd_bench.reference.worker import Shift, work_through

LISTEN_SECONDS = 1.0
CONNECT_SECONDS = 5.0


def run_on_cluster(shift: Shift, workers: int, address: str | None, tell: Callable[[str], None]) -> None:
    """Send so many workers to the cluster at `address`, or to one started here, and wait for them.

    Raises `BadInputError` without Ray or a cluster, `DiskError` where one of the workers could not write.
    """
    ray = _connect(address)
    try:
        needs = {"num_gpus": 1, "num_cpus": 1} if shift.place.device == "cuda" else {"num_cpus": 1}
        remote = ray.remote(max_retries=-1, scheduling_strategy="SPREAD", **needs)(_serve)
        waiting = [remote.remote(shift, number) for number in range(workers)]
        told = {digest: len(shift.place.ledger.attempts(digest)) for digest in shift.jobs}
        while waiting:
            ended, waiting = ray.wait(waiting, timeout=LISTEN_SECONDS)
            _tell_news(shift, told, tell)
            for one in ended:
                _raise_what_it_raised(ray, one)
            if shift.deadline is not None and time.time() > shift.deadline and waiting:
                tell("the time is used up: what runs is stopped, and goes on next time")
                for one in waiting:
                    ray.cancel(one, force=True)
                return
    finally:
        ray.shutdown()


def _connect(address: str | None) -> Any:
    try:
        import ray
    except ImportError:
        raise BadInputError(
            where="--executor ray",
            expected="the package ray",
            found="none",
            fix='pip install "xkd-bench[ray]"',
        ) from None
    if address is not None:
        _check_answer(address)
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if address is None:
            ray.init(_node_ip_address="127.0.0.1", include_dashboard=False, **options)
        else:
            ray.init(address=address, **options)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise _no_cluster(address, str(error).splitlines()[0]) from None
    return ray


def _check_answer(address: str) -> None:
    """Ray itself waits minutes for a cluster that is not there, and then ends the process without a word."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdecimal():
        return  # `auto`, which Ray looks up
    try:
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise _no_cluster(address, str(error)) from None


def _no_cluster(address: str | None, found: str) -> BadInputError:
    return BadInputError(
        where=f"--address {address}",
        expected="a Ray cluster that answers",
        found=found,
        fix="start one with `ray start --head`, and name its address",
    )


def _tell_news(shift: Shift, told: dict[str, int], tell: Callable[[str], None]) -> None:
    """What attempts came to since the last time: the ledger knows, whichever node they were made on."""
    ledger = shift.place.ledger
    for digest in shift.jobs:
        ended = [one for one in ledger.attempts(digest) if "outcome" in one]
        for one in ended[told[digest] :]:
            reason = f": {one['reason']}" if one["reason"] else ""
            tell(f"{ledger.job(digest).title}: {one['outcome']} on {one['host']}{reason}")
        told[digest] = max(told[digest], len(ended))


def _raise_what_it_raised(ray: Any, one: Any) -> None:
    """A worker that ended well gives nothing; what it could not go on with is raised."""
    try:
        ray.get(one)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, DiskError):
            raise error.cause from None
        raise


def _serve(shift: Shift, number: int) -> None:
    """What a worker's process does, on whichever node."""
    import torch

    torch.set_num_threads(1)
    work_through(shift, f"worker {number}", lambda line: None)
