"""The store measures everything once: across runs, workers, kills and damage."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pyarrow as pa
import pytest

from xkd_bench.records.store import SHARD_ROWS, SHARDS_AT_ONCE, Store

IDS = [f"id-{i}" for i in range(3 * SHARD_ROWS + 7)]
KEY = {"checkpoint": "sha256:0", "probe_version": 1}


class Counting:
    """A probe that says i² of position i and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __call__(self, positions: list[int]) -> pa.Table:
        self.asked += positions
        return pa.table({"square": [i * i for i in positions]})


def test_rows_come_back_in_order_of_the_ids_and_are_measured_once(tmp_path: Path) -> None:
    probe = Counting()
    first = Store(tmp_path).table("squares", KEY, IDS).fill(probe)
    assert first.column("example_id").to_pylist() == IDS
    assert first.column("square").to_pylist() == [i * i for i in range(len(IDS))]
    assert sorted(probe.asked) == list(range(len(IDS)))
    again = Counting()
    resumed: list[int] = []
    assert Store(tmp_path).table("squares", KEY, IDS).fill(again, resumed.append) == first
    assert again.asked == []
    assert resumed == [len(IDS)]


@pytest.mark.parametrize("change", [{"probe_version": 2}, {"checkpoint": "sha256:1"}, {"dtype": "bfloat16"}])
def test_another_key_is_another_table(tmp_path: Path, change: dict[str, object]) -> None:
    Store(tmp_path).table("squares", KEY, IDS).fill(Counting())
    probe = Counting()
    Store(tmp_path).table("squares", KEY | change, IDS).fill(probe)
    assert len(probe.asked) == len(IDS)


def test_other_examples_are_another_table(tmp_path: Path) -> None:
    Store(tmp_path).table("squares", KEY, IDS).fill(Counting())
    probe = Counting()
    Store(tmp_path).table("squares", KEY, IDS[:100]).fill(probe)
    assert len(probe.asked) == 100


def test_a_probe_that_dies_keeps_whole_shards_and_no_temporary_files(tmp_path: Path) -> None:
    many = [str(i) for i in range((SHARDS_AT_ONCE + 2) * SHARD_ROWS)]

    class Dying(Counting):
        def __call__(self, positions: list[int]) -> pa.Table:
            if self.asked:
                raise RuntimeError("died")
            return super().__call__(positions)

    with pytest.raises(RuntimeError, match="died"):
        Store(tmp_path).table("squares", KEY, many).fill(Dying())
    assert not list(tmp_path.rglob("*.tmp"))
    probe = Counting()
    table = Store(tmp_path).table("squares", KEY, many).fill(probe)
    assert len(probe.asked) == 2 * SHARD_ROWS
    assert table.column("square").to_pylist() == [i * i for i in range(len(many))]


@pytest.mark.parametrize("damage", ["cut", "garbage", "other ids"])
def test_a_damaged_shard_is_measured_again(tmp_path: Path, damage: str) -> None:
    table = Store(tmp_path).table("squares", KEY, IDS)
    good = table.fill(Counting())
    shards = sorted(tmp_path.rglob("*.parquet"))
    if damage == "cut":
        shards[1].write_bytes(shards[1].read_bytes()[:-20])
    elif damage == "garbage":
        shards[1].write_bytes(b"no parquet")
    else:
        shards[1].write_bytes(shards[0].read_bytes())
    probe = Counting()
    assert Store(tmp_path).table("squares", KEY, IDS).fill(probe) == good
    assert sorted(probe.asked) == list(range(SHARD_ROWS, 2 * SHARD_ROWS))


def test_a_probe_that_gives_too_few_rows_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="3 rows for"):
        Store(tmp_path).table("squares", KEY, IDS).fill(lambda positions: pa.table({"square": [1, 2, 3]}))


def _worker(root: str, name: str, seconds: float) -> None:
    def slow(positions: list[int]) -> pa.Table:
        time.sleep(seconds)
        with (Path(root) / f"{name}.asked").open("a") as file:
            file.write("".join(f"{i}\n" for i in positions))
        return pa.table({"square": [i * i for i in positions]})

    many = [str(i) for i in range(4 * SHARDS_AT_ONCE * SHARD_ROWS)]
    Store(Path(root) / "store").table("squares", KEY, many).fill(slow)


def _asked(root: Path) -> list[int]:
    return [int(line) for path in sorted(root.glob("*.asked")) for line in path.read_text().split()]


def test_two_workers_share_a_table_without_measuring_anything_twice(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_worker, args=(str(tmp_path), name, 0.3)) for name in "ab"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert sorted(_asked(tmp_path)) == list(range(4 * SHARDS_AT_ONCE * SHARD_ROWS))
    assert len(list(tmp_path.glob("*.asked"))) == 2, "both workers had a share"


def test_a_killed_worker_leaves_its_locks_to_the_others(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    victim = context.Process(target=_worker, args=(str(tmp_path), "victim", 60.0))
    victim.start()
    deadline = time.monotonic() + 30
    while not list(tmp_path.rglob("*.lock")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert victim.pid is not None
    os.kill(victim.pid, signal.SIGKILL)
    victim.join(10)
    start = time.monotonic()
    _worker(str(tmp_path), "heir", 0.0)
    assert time.monotonic() - start < 20
    assert sorted(_asked(tmp_path)) == list(range(4 * SHARDS_AT_ONCE * SHARD_ROWS))
