"""A suite run whole: records in order, nothing made twice, and the same bytes after workers and drivers were killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from suites import Cli, attempts, graph_of, records, run_command, site, write_suite

from xkd_bench.records.submission import read_submission
from xkd_bench.reference.jobs import Cost
from xkd_bench.reference.ledger import Ledger
from xkd_bench.reference.plan import measured
from xkd_bench.reference.site import Site
from xkd_bench.reference.status import standings


def test_every_job_of_two_workers_is_made_once(finished: Path) -> None:
    found = attempts(finished / "work")
    assert len(found) == 12  # a start, two teachers and their tables, two students, a copy, four records
    assert all([one["outcome"] for one in tries] == ["finished"] for tries in found.values())
    assert {one["worker"] for tries in found.values() for one in tries} == {"worker 0", "worker 1"}
    assert not list((finished / "work").rglob("*.tmp"))
    assert not list((finished / "work").rglob("*.training"))


def test_the_entries_have_all_that_was_asked_for(finished: Path) -> None:
    out = finished / "out"
    assert {path.name for path in out.iterdir()} == {
        "control-int8",
        "control-retrained",
        "finetune",
        "teachers",
        "vanilla_kd",
    }
    assert {path.name for path in (out / "teachers").iterdir()} == {"digits", "digits-retrained-1"}
    kept = [json.loads((out / "teachers" / name / "reference.json").read_text()) for name in
            ("digits", "digits-retrained-1")]  # fmt: skip
    for name in ("finetune", "vanilla_kd"):
        entry = read_submission(out / name)
        assert entry.card.name == name
        result = entry.tasks["demo/digits"].result
        assert result.gate["teacher"].status == "valid"
        assert result.teacher is not None
        assert result.teacher.hash == kept[0]["checkpoint"]
        assert result.explanations is not None
        assert result.explanations.retrained_teachers == (kept[1]["checkpoint"],)
        assert (result.explanations.baseline is None) == (name == "finetune")
        assert entry.tasks["demo/digits"].run.forwards["teacher"] == 0, "judged with the tables that everyone has"


def test_again_it_makes_nothing_and_puts_back_what_was_lost(
    suite: Path, finished: Path, run_cli: Cli, tmp_path: Path
) -> None:
    shutil.copytree(finished, tmp_path / "run")
    before = records(tmp_path / "run/out")
    shutil.rmtree(tmp_path / "run/out/vanilla_kd")
    code, output, error = run_cli(*run_command(suite, tmp_path / "run"))
    assert code == 0, error
    assert "·" not in output, "no job was begun"
    assert "all done" in output
    assert records(tmp_path / "run/out") == before


def test_status_sets_measured_hours_beside_predicted_ones(suite: Path, finished: Path) -> None:
    ledger = Ledger(finished / "work")
    graph = graph_of(suite, Site(ledger, finished / "out", None, "cpu"))
    rows = measured(standings(graph, ledger))
    assert [(row.kind, row.jobs) for row in rows] == [("train", 4), ("keep", 2), ("evaluate", 4)]
    done = [json.loads(path.read_text()) for path in (finished / "work/jobs").glob("*/done.json")]
    trained = [one["seconds"] for one in done if one.get("updates")]
    assert rows[0].taken == pytest.approx(sum(trained))
    assert rows[0].predicted == pytest.approx(
        sum(job.cost.seconds for job in graph.jobs.values() if job.kind == "train")
    )


def test_records_alone_are_finished_jobs(suite: Path, finished: Path, run_cli: Cli, tmp_path: Path) -> None:
    """On another machine there is what was committed, and no work folder: nothing is trained again."""
    shutil.copytree(finished / "out", tmp_path / "out")
    found = standings(graph_of(suite, site(tmp_path)), site(tmp_path).ledger)
    assert {one.state for one in found if one.job.kind in ("keep", "evaluate")} == {"committed"}
    assert {one.state for one in found if one.job.kind in ("start", "train")} == {"not needed"}
    code, output, error = run_cli(*run_command(suite, tmp_path))
    assert code == 0, error
    assert "·" not in output


def wait_for(ready: Callable[[], bool], process: subprocess.Popen[bytes], said: Path) -> None:
    deadline = time.monotonic() + 120
    while not ready():
        assert process.poll() is None, f"it ended before it could be killed:\n{said.read_text()}"
        assert time.monotonic() < deadline, f"nothing to kill:\n{said.read_text()}"
        time.sleep(0.01)


def running(work: Path, kind: str) -> list[int]:
    """Processes that make a job of a kind."""
    tries = [tries for title, tries in attempts(work).items() if f": {kind} " in title]
    return [one[-1]["pid"] for one in tries if one and "outcome" not in one[-1]]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_killed_workers_and_drivers_leave_the_same_records_and_train_nothing_twice(
    suite: Path, finished: Path, run_cli: Cli, tmp_path: Path
) -> None:
    work, said = tmp_path / "work", tmp_path / "said.txt"
    command = run_command(suite, tmp_path, "--workers", 2)
    with said.open("wb") as told:
        driver = subprocess.Popen([sys.executable, "-m", "xkd_bench", *command], stdout=told, stderr=told)
        try:
            wait_for(lambda: bool(list(work.glob("jobs/*/.result.training/training_log.jsonl"))), driver, said)
            os.kill(running(work, "train")[0], signal.SIGKILL)
            wait_for(lambda: bool(running(work, "keep") and running(work, "train")), driver, said)
            orphans = running(work, "keep") + running(work, "train")
            driver.kill()
            driver.wait()
        finally:
            driver.kill()
    deadline = time.monotonic() + 20
    while any(is_alive(pid) for pid in orphans):
        assert time.monotonic() < deadline, "workers end with their driver"
        time.sleep(0.05)
    code, output, error = run_cli(*command)
    assert code == 0, output + error
    assert records(tmp_path / "out") == records(finished / "out")
    outcomes = {title: [one["outcome"] for one in tries] for title, tries in attempts(work).items()}
    assert all(found.count("finished") == 1 and found[-1] == "finished" for found in outcomes.values())
    assert sum(found.count("died") for found in outcomes.values()) in (2, 3)
    died = [one for tries in attempts(work).values() for one in tries if one["outcome"] == "died"]
    assert all("ended without a word" in one["reason"] for one in died)


def test_a_training_that_outlasts_the_budget_is_stopped_and_goes_on_from_its_checkpoint(
    run_cli: Cli, tmp_path: Path
) -> None:
    """Every job is predicted to take a second; this one would take minutes."""
    small = write_suite(tmp_path / "suite", lambda text: text.replace("epochs = 7, batch_size = 32", "epochs = 400"))
    at = site(tmp_path)
    for job in graph_of(small, at).jobs.values():
        at.ledger.add(replace(job, cost=Cost(1, 1, 1.0)))
    work = tmp_path / "work"
    begun = time.monotonic()
    code, output, error = run_cli(*run_command(small, tmp_path, "--budget", "25s"))
    assert code == 0, error
    assert time.monotonic() - begun < 60
    assert "the time is used up" in output
    assert "failed" not in output.replace("failed    waiting", "")
    outcomes = {title: [one["outcome"] for one in tries] for title, tries in attempts(work).items()}
    assert outcomes["demo/digits: train teacher"] == ["stopped"]
    assert list(work.glob("jobs/*/.result.training/order.json")), "what it has learnt is kept"
    assert not running(work, "train")
