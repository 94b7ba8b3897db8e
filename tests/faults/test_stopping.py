"""Stopped in the middle, by Ctrl-C or for good: nothing half-written, and the same command ends as if undisturbed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
from known_model import WORDS, Known
from own_data import files_below, made_rows, write_task

Cli = Callable[..., tuple[int, str, str]]
ROWS = 4000
UPDATES = 330
STOPPED = "xkd-bench: stopped. Nothing half-written is left; the same command goes on from what was finished."
SIGNALS = [pytest.param(signal.SIGINT, id="Ctrl-C"), pytest.param(signal.SIGKILL, id="killed")]


@pytest.fixture(autouse=True)
def _ctrl_c_is_heard() -> Iterator[None]:
    """Here and in processes started from here, also where a shell began pytest in the background, and it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def stop_when(ready: Callable[[], bool], how: signal.Signals, arguments: list[str], folder: Path) -> tuple[int, str]:
    """Run `xkd-bench …` as a process of its own and stop it as soon as `ready`: exit code and what it said."""
    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads()), "PYTHONUNBUFFERED": "1"}
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "xkd_bench", *arguments], env=environment, stdout=said, stderr=said
        )
        try:
            deadline = time.monotonic() + 60
            while not ready():
                told = (folder / "said.txt").read_text()
                assert process.poll() is None, f"it ended before it could be stopped:\n{told}"
                assert time.monotonic() < deadline, f"nothing to stop within a minute:\n{told}"
                time.sleep(0.002)
            process.send_signal(how)
            code = process.wait(30)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    return code, (folder / "said.txt").read_text()


def check_stopped(code: int, said: str, how: signal.Signals) -> None:
    if how is signal.SIGKILL:
        assert code == -signal.SIGKILL
        return
    assert code == 130, said
    assert said.count("xkd-bench") == 1, said
    assert said.rstrip().splitlines()[-1] == STOPPED
    assert "Traceback" not in said


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Several thousand short rows to be judged on, and enough to train on for the wanted number of updates."""
    rows = made_rows(ROWS, WORDS)
    return write_task(tmp_path_factory.mktemp("own data"), rows, train=rows[: UPDATES * 4])


@pytest.mark.parametrize("how", SIGNALS)
def test_a_stopped_evaluation_goes_on_to_the_same_bytes(
    known: Known, task: Path, run_cli: Cli, tmp_path: Path, how: signal.Signals
) -> None:
    """The stopped one runs in the smallest batches, to leave time to stop it; that changes the speed only."""

    def command(name: str, *more: str) -> list[str]:
        return [
            "evaluate", str(known.model), "--task", str(task), "--no-timing", "--no-perturbations",
            "--store", str(tmp_path / f"{name} store"), "--output", str(tmp_path / name), *more,
        ]  # fmt: skip

    store = tmp_path / "stopped store"
    slow = command("stopped", "--token-budget", "8")
    code, said = stop_when(lambda: len(list(store.rglob("*.parquet"))) >= 16, how, slow, tmp_path)
    check_stopped(code, said, how)
    assert not (tmp_path / "stopped").exists()
    shards = list(store.rglob("*.parquet"))
    done = sum(pq.read_metadata(shard).num_rows for shard in shards)
    assert 0 < done < ROWS, "whole shards, and not all of them"
    for name in ("stopped", "undisturbed"):
        assert run_cli(*command(name))[0] == 0
    run = json.loads((tmp_path / "stopped/own/mine/run.json").read_text())
    assert run["forwards"]["student"] == ROWS - done
    assert run["stored"]["student"] == done
    found, wanted = (files_below(tmp_path / name) for name in ("stopped", "undisturbed"))
    assert set(found) == {f"own/mine/{name}" for name in ("record.json", "run.json", "examples.parquet")} | {
        "submission.toml"
    }
    for name in ("own/mine/record.json", "own/mine/examples.parquet"):
        assert found[name] == wanted[name]


@pytest.mark.parametrize("how", SIGNALS)
def test_explanations_that_were_stopped_go_on_to_the_same_bytes(
    known: Known, run_cli: Cli, tmp_path: Path, how: signal.Signals
) -> None:
    """Stopped between the shards of the first table of maskings."""

    def command(name: str, *more: str) -> list[str]:
        return [
            "evaluate", str(known.model), "--task", str(known.task), "--teacher", str(known.model),
        "--no-timing", "--no-perturbations",
            "--store", str(tmp_path / f"{name} store"), "--output", str(tmp_path / name), *more,
        ]  # fmt: skip

    maskings = tmp_path / "stopped store" / "coalitions"
    slow = command("stopped", "--token-budget", "8")
    code, said = stop_when(lambda: len(list(maskings.rglob("*.parquet"))) == 1, how, slow, tmp_path)
    check_stopped(code, said, how)
    assert not (tmp_path / "stopped").exists()
    for name in ("stopped", "undisturbed"):
        assert run_cli(*command(name))[0] == 0
    runs = [json.loads((tmp_path / name / "own/mine/run.json").read_text()) for name in ("stopped", "undisturbed")]
    assert runs[0]["forwards"]["teacher"] < runs[1]["forwards"]["teacher"], "what was measured is not measured again"
    found, wanted = (files_below(tmp_path / name) for name in ("stopped", "undisturbed"))
    for name in ("record.json", "examples.parquet", "explanations.parquet"):
        assert found[f"own/mine/{name}"] == wanted[f"own/mine/{name}"], name


def distill_command(known: Known, task: Path, output: Path) -> list[str]:
    return [
        "distill", "finetune", "--task", str(task), "--student", str(known.model), "--epochs", "1",
        "--batch-size", "4", "--seed", "7", "--output", str(output), "--store", str(output.parent / "store"),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(known: Known, task: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a training gives that nobody stops."""
    from xkd_bench.distillers.distill import Order, distill
    from xkd_bench.models.classifier import Runtime
    from xkd_bench.records.store import Store
    from xkd_bench.tasks.registry import find_task

    folder = tmp_path_factory.mktemp("undisturbed")
    start = str(known.model)
    order = Order("finetune", find_task(str(task)), start, None, folder / "S", seed=7, epochs=1, batch_size=4)
    distill(order, Runtime("cpu"), Store(folder / "store"), None)
    return files_below(folder / "S")


@pytest.mark.parametrize("how", SIGNALS)
def test_a_stopped_training_goes_on_to_the_same_weights(
    known: Known, task: Path, run_cli: Cli, tmp_path: Path, undisturbed: dict[str, bytes], how: signal.Signals
) -> None:
    output, work = tmp_path / "S", tmp_path / ".S.training"

    def saved_and_further() -> bool:
        """A checkpoint is whole, and training has gone on beyond it."""
        log = work / "training_log.jsonl"
        return bool(list(work.glob("checkpoint-*/trainer_state.json"))) and log.read_text().count("\n") >= 5

    command = distill_command(known, task, output)
    code, said = stop_when(saved_and_further, how, command, tmp_path)
    check_stopped(code, said, how)
    assert not output.exists()
    assert {path.name for path in tmp_path.iterdir()} <= {".S.training", "store", "said.txt"}
    assert len((work / "training_log.jsonl").read_text().splitlines()) < UPDATES // 50, "it was stopped before its end"
    (work / "checkpoint-200" / "mark").write_text("")
    seen: list[str | None] = []
    resume(run_cli, command, seen)
    assert seen == [str(work / "checkpoint-200")], "it went on from the checkpoint"
    found = files_below(output)
    assert found["model.safetensors"] == undisturbed["model.safetensors"]
    assert [json.loads(line)["update"] for line in found["training_log.jsonl"].splitlines()] == [
        *range(50, UPDATES, 50),
        UPDATES,
    ]
    assert not work.exists()
    assert set(found) == set(undisturbed)


def resume(run_cli: Cli, command: list[str], seen: list[str | None]) -> None:
    """The same command again, noting which checkpoint it went on from."""
    from xkd_bench.distillers import training

    whole = training.last_checkpoint

    def noted(work: Path) -> str | None:
        seen.append(whole(work))
        return seen[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "last_checkpoint", noted)
        code, _, error = run_cli(*command)
    assert code == 0, error


def test_ctrl_c_inside_a_destructor_is_not_lost(
    known: Known, run_cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python itself prints and forgets what a destructor raises."""

    class Closing:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)
            time.sleep(0)

    def go_on(*arguments: object) -> None:
        closing = Closing()
        del closing
        time.sleep(5)

    monkeypatch.setattr("xkd_bench.cli.views.console.print_shown", go_on)
    code, _, error = run_cli("evaluate", known.model, "--task", known.task, "--store", tmp_path)
    assert code == 130
    assert error.strip() == STOPPED


@pytest.mark.parametrize("moment", ["the record is written", "the board is asked for"])
def test_ctrl_c_while_files_are_written_leaves_nothing(
    known: Known, run_cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """In this process, at a moment no signal can be timed to hit."""

    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    output = tmp_path / "entry"
    command = ("evaluate", known.model, "--task", known.task, "--store", tmp_path / "store", "--output", output)
    assert run_cli(*command)[0] == 0
    before = files_below(output)
    if moment == "the record is written":
        monkeypatch.setattr("xkd_bench.engine.evaluate.canonical_json.dumps", interrupted)
    else:
        monkeypatch.setattr("xkd_bench.cli.views.console.print_shown", interrupted)
    code, _, error = run_cli(*command)
    assert code == 130
    assert error.strip() == STOPPED
    if moment == "the record is written":
        assert files_below(output) == before
    assert set(files_below(output)) == set(before)
