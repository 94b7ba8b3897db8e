"""A disk that is full or may not be written to: one message, nothing half-written, and the same command goes on."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from known_model import WORDS, Known
from own_data import assert_refused, files_below, made_rows, write_task

Cli = Callable[..., tuple[int, str, str]]
FULL, NOT_WRITABLE = os.strerror(errno.ENOSPC), os.strerror(errno.EROFS)


class SmallDisk:
    """A disk of its own, in memory, that can be filled, emptied and locked."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def mount(self, options: str) -> None:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "none", str(self.place)], check=True, capture_output=True
        )

    def resize(self, kilobytes: int) -> None:
        self.mount(f"remount,rw,size={kilobytes}k")

    def lock(self) -> None:
        self.mount("remount,ro")

    def unlock(self) -> None:
        self.mount("remount,rw")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk of 64 KB, where this user may mount one."""
    small = SmallDisk(tmp_path / "disk")
    small.place.mkdir()
    try:
        small.mount("size=64k")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root may mount a small disk")
    yield small
    subprocess.run(["umount", "-l", str(small.place)], check=True)


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3,000 short rows: three lots of sixteen shards each."""
    rows = made_rows(3000, WORDS)
    return write_task(tmp_path_factory.mktemp("own data"), rows, train=rows[:64])


def evaluate(run_cli: Cli, known: Known, task: Path, store: Path, output: Path) -> tuple[int, str, str]:
    return run_cli(
        "evaluate",
        known.model,
        "--task",
        task,
        "--store",
        store,
        "--output",
        output,
        "--no-timing",
        "--no-perturbations",
    )


def forwards(output: Path) -> dict[str, Any]:
    return dict(json.loads((output / "own/mine/run.json").read_text()))


def kept(outcome: tuple[int, str, str]) -> tuple[int, str, str]:
    """Without the lines of progress that come before the message."""
    code, output, error = outcome
    return code, output, error[error.index("xkd-bench:") :]


def test_a_disk_that_fills_up_while_the_store_writes(
    disk: SmallDisk, run_cli: Cli, known: Known, task: Path, tmp_path: Path
) -> None:
    store, output = disk.place / "store", tmp_path / "entry"
    disk.resize(128)
    outcome = kept(evaluate(run_cli, known, task, store, output))
    assert_refused(outcome, str(store), FULL, "free some space", "measured so far is kept", "--store")
    assert not output.exists()
    assert not list(store.rglob("*.tmp")), "no half of a shard"
    shards = list(store.rglob("*.parquet"))
    assert shards
    rows = sum(pq.read_metadata(shard).num_rows for shard in shards)
    disk.resize(4096)
    assert evaluate(run_cli, known, task, store, output)[0] == 0
    assert forwards(output)["forwards"]["student"] == 3000 - rows
    assert forwards(output)["stored"]["student"] == rows


def test_a_disk_that_fills_up_while_the_record_is_written(
    disk: SmallDisk, run_cli: Cli, known: Known, task: Path, tmp_path: Path
) -> None:
    store, output = tmp_path / "store", disk.place / "entry"
    disk.resize(8)
    outcome = kept(evaluate(run_cli, known, task, store, output))
    assert_refused(outcome, str(output / "own/mine"), FULL, "free some space", "measurements stay in the store")
    assert set(files_below(disk.place)) <= {"entry/own/"}
    disk.resize(4096)
    assert evaluate(run_cli, known, task, store, output)[0] == 0
    assert forwards(output)["forwards"]["student"] == 0
    assert run_cli("submit", "check", output)[0] == 0


def test_an_earlier_record_stays_when_the_disk_fills_up(
    disk: SmallDisk, run_cli: Cli, known: Known, task: Path, tmp_path: Path
) -> None:
    store, output = tmp_path / "store", disk.place / "entry"
    disk.resize(4096)
    assert evaluate(run_cli, known, task, store, output)[0] == 0
    before = files_below(output)
    used = sum(-(-len(content) // 4096) * 4 for content in before.values())
    disk.resize(used + 8)
    assert_refused(kept(evaluate(run_cli, known, task, store, output)), FULL)
    assert files_below(output) == before


def test_a_place_that_may_not_be_written_to(
    disk: SmallDisk, run_cli: Cli, known: Known, task: Path, tmp_path: Path
) -> None:
    disk.lock()
    outcome = kept(evaluate(run_cli, known, task, tmp_path / "store", disk.place / "entry"))
    assert_refused(outcome, str(disk.place / "entry"), NOT_WRITABLE, "name another place", "stay in the store")
    outcome = kept(evaluate(run_cli, known, task, disk.place / "store", tmp_path / "entry"))
    assert_refused(outcome, str(disk.place / "store"), NOT_WRITABLE, "another place: --store")
    assert_refused(kept(distill(run_cli, known, task, disk.place / "S")), str(disk.place / "S"), NOT_WRITABLE)
    assert files_below(disk.place) == {}
    assert not (tmp_path / "entry").exists()
    disk.unlock()
    disk.resize(4096)
    assert evaluate(run_cli, known, task, tmp_path / "store", disk.place / "entry")[0] == 0


def test_a_file_where_a_folder_is_wanted(run_cli: Cli, known: Known, task: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for store, output in (("file", "entry"), ("file/below", "entry"), ("store", "file"), ("store", "file/below")):
        outcome = kept(evaluate(run_cli, known, task, tmp_path / store, tmp_path / output))
        assert_refused(outcome, str(tmp_path / "file"), "a folder with room that can be written to")
        assert (tmp_path / "file").read_text() == "mine"


def test_any_user_is_told_of_a_full_disk(
    run_cli: Cli, known: Known, task: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same without a disk of its own: the third shard and then the record's table find no room."""
    written: list[str] = []
    write_table = pq.write_table

    def full(table: Any, where: Any, *more: Any, **options: Any) -> None:
        written.append(str(where))
        if len(written) == 3:
            raise OSError(errno.ENOSPC, "Error writing bytes to file")
        write_table(table, where, *more, **options)

    monkeypatch.setattr(pq, "write_table", full)
    store, output = tmp_path / "store", tmp_path / "entry"
    assert_refused(kept(evaluate(run_cli, known, task, store, output)), str(store), FULL, "kept")
    assert len(list(store.rglob("*.parquet"))) == 2
    assert not list(store.rglob("*.tmp"))
    written[:] = ["a"] * 3
    assert evaluate(run_cli, known, task, store, output)[0] == 0
    assert forwards(output)["stored"]["student"] == 128
    before = files_below(output)
    written[:] = ["a"] * 2
    assert_refused(kept(evaluate(run_cli, known, task, store, output)), str(output), FULL, "stay in the store")
    assert files_below(output) == before


def distill(run_cli: Cli, known: Known, task: Path, output: Path, *more: object) -> tuple[int, str, str]:
    return run_cli(
        "distill", "finetune", "--task", task, "--student", known.model, "--epochs", 1, "--batch-size", 8,
        "--output", output, *more,
    )  # fmt: skip


def test_a_disk_that_fills_up_while_the_student_is_written(
    disk: SmallDisk, run_cli: Cli, known: Known, task: Path, tmp_path: Path
) -> None:
    output = disk.place / "S"
    disk.resize(1024)  # room for the log, none for 1.3 MB of weights
    assert_refused(kept(distill(run_cli, known, task, output)), str(output), FULL, "goes on from its last checkpoint")
    assert not output.exists()
    assert {name.split("/")[0] for name in files_below(disk.place)} == {".S.training"}
    disk.resize(8192)
    assert distill(run_cli, known, task, output)[0] == 0
    assert {name.split("/")[0] for name in files_below(disk.place)} == {"S"}, "what was kept to go on is gone"


def test_a_disk_that_fills_up_while_a_checkpoint_is_written(
    disk: SmallDisk, run_cli: Cli, known: Known, task: Path, tmp_path: Path
) -> None:
    """Weights (1.3 MB) fit and the optimizer's state (2.7 MB) does not: torch has errors of its own."""
    output = disk.place / "S"
    more = ("--epochs", 26)  # 208 updates; a checkpoint at 200
    disk.resize(3072)
    outcome = kept(distill(run_cli, known, task, output, *more))
    assert_refused(outcome, str(output), FULL, "goes on from its last checkpoint")
    assert not output.exists()
    disk.resize(16384)
    assert distill(run_cli, known, task, output, *more)[0] == 0
    assert {name.split("/")[0] for name in files_below(disk.place)} == {"S"}


@pytest.mark.parametrize("content", ["a thesis", "lineage only below"])
def test_a_folder_with_other_files_is_never_replaced_by_a_student(
    run_cli: Cli, known: Known, task: Path, tmp_path: Path, content: str
) -> None:
    output = tmp_path / "work"
    (output / "S").mkdir(parents=True)
    (output / ("thesis.tex" if content == "a thesis" else "S/lineage.json")).write_text("{}")
    before = files_below(tmp_path / "work")
    outcome = distill(run_cli, known, task, output)
    assert_refused(outcome, f"--output {output}", "a new folder", "other files in it", "name another folder")
    assert files_below(output) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["work"]


def test_a_student_replaces_an_earlier_student(run_cli: Cli, known: Known, task: Path, tmp_path: Path) -> None:
    output = tmp_path / "S"
    assert distill(run_cli, known, task, output, "--seed", 1)[0] == 0
    first = (output / "model.safetensors").read_bytes()
    assert distill(run_cli, known, task, output, "--seed", 2)[0] == 0
    assert (output / "model.safetensors").read_bytes() != first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["S"]


def test_what_a_killed_process_left_is_cleared_and_a_living_one_s_is_not(
    run_cli: Cli, known: Known, task: Path, tmp_path: Path
) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    place = tmp_path / "entry/own"
    dead, alive, other = (place / f".mine.{owner}.tmp" for owner in (ended.pid, os.getppid(), "somebody"))
    for folder in (dead, alive, other):
        folder.mkdir(parents=True)
        (folder / "record.json").write_text("half")
    assert evaluate(run_cli, known, task, tmp_path / "store", tmp_path / "entry")[0] == 0
    assert not dead.exists()
    assert alive.exists()
    assert other.exists()
