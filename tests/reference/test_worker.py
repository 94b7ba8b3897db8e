"""Workers and the ledger, with jobs that only write a file: order, retries, budget, full disks, status."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from suites import Cli, graph_of, run_command, site

from xkd_bench.errors import BadInputError, DiskError
from xkd_bench.reference.jobs import Cost, Job
from xkd_bench.reference.ledger import Ledger, now
from xkd_bench.reference.status import Pace, standings
from xkd_bench.reference.work import Place
from xkd_bench.reference.worker import Shift, states, work_through

Do = Callable[[Job, Place, dict[str, Any]], None]


def place(folder: Path) -> Place:
    return Place(folder / "work", folder / "store", folder / "out", None, "cpu", {})


def chain(ledger: Ledger, seconds: float = 10.0) -> list[Job]:
    """Two trainings, and for each a record that needs it."""
    jobs = []
    for name in ("a", "b"):
        trained = Job("train", "task", name, {"name": name}, cost=Cost(10, 0, seconds, 100))
        jobs += [trained, Job("evaluate", "task", name, {"of": name}, {"student": trained.digest}, cost=Cost(0, 5, 1))]
    for job in jobs:
        ledger.add(job)
    return jobs


def shift_of(folder: Path, jobs: list[Job], **more: Any) -> Shift:
    return Shift(place(folder), tuple(job.digest for job in jobs), more.pop("tries", 3), now(), **more)


def work(folder: Path, jobs: list[Job], monkeypatch: pytest.MonkeyPatch, do: Do, **more: Any) -> list[str]:
    """One worker in this process; the lines it told."""
    told: list[str] = []
    monkeypatch.setattr("xkd_bench.reference.worker.do", do)
    monkeypatch.setattr("xkd_bench.reference.worker.LOOK_AGAIN_SECONDS", 0.01)
    work_through(shift_of(folder, jobs, **more), "worker 0", told.append)
    return told


def outcomes(ledger: Ledger, job: Job) -> list[str]:
    return [one["outcome"] for one in ledger.attempts(job.digest)]


def test_a_job_is_made_after_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, made = Ledger(tmp_path / "work"), list[str]()
    jobs = chain(ledger)
    work(tmp_path, jobs, monkeypatch, lambda job, at, said: made.append(job.title))
    assert made == [job.title for job in jobs]
    assert all(ledger.done(job.digest) for job in jobs)


def test_many_workers_at_once_make_every_job_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, made = Ledger(tmp_path / "work"), list[str]()
    jobs = [Job("train", "task", str(i), {"i": i}, cost=Cost(1, 0, 1)) for i in range(12)]
    for job in jobs:
        ledger.add(job)

    def do(job: Job, at: Place, said: dict[str, Any]) -> None:
        made.append(job.label)
        time.sleep(0.01)

    monkeypatch.setattr("xkd_bench.reference.worker.do", do)
    monkeypatch.setattr("xkd_bench.reference.worker.LOOK_AGAIN_SECONDS", 0.01)
    shift = shift_of(tmp_path, jobs)
    workers = [threading.Thread(target=work_through, args=(shift, str(i), lambda line: None)) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(made) == sorted(job.label for job in jobs)
    assert all(outcomes(ledger, job) == ["finished"] for job in jobs)


def test_what_fails_is_tried_again_and_its_reason_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(tmp_path / "work")
    jobs = chain(ledger)

    def do(job: Job, at: Place, said: dict[str, Any]) -> None:
        if job.title == jobs[0].title and len(ledger.attempts(job.digest)) < 3:
            raise RuntimeError("the seventh bolt is loose")

    work(tmp_path, jobs, monkeypatch, do)
    assert outcomes(ledger, jobs[0]) == ["failed", "failed", "finished"]
    reason = ledger.attempts(jobs[0].digest)[0]["reason"]
    assert reason.startswith("RuntimeError: the seventh bolt is loose (test_worker.py, line ")
    assert all(ledger.done(job.digest) for job in jobs)


def test_after_its_last_try_a_job_is_left_and_the_others_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(tmp_path / "work")
    jobs = chain(ledger)

    def do(job: Job, at: Place, said: dict[str, Any]) -> None:
        if job.title == jobs[0].title:
            raise ValueError("never")

    told = work(tmp_path, jobs, monkeypatch, do, tries=2)
    assert outcomes(ledger, jobs[0]) == ["failed", "failed"]
    assert [ledger.done(job.digest) is not None for job in jobs] == [False, False, True, True]
    assert any("failed, 0 tries left: ValueError: never" in line for line in told)
    work(tmp_path, jobs, monkeypatch, lambda job, at, said: None)
    assert all(ledger.done(job.digest) for job in jobs), "another run tries again"


def test_what_nobody_can_make_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(tmp_path / "work")
    jobs = chain(ledger)

    def do(job: Job, at: Place, said: dict[str, Any]) -> None:
        if job.title == jobs[0].title:
            raise BadInputError(where="data", expected="rows", found="none", fix="fetch them")

    told = work(tmp_path, jobs, monkeypatch, do)
    assert outcomes(ledger, jobs[0]) == ["refused"]
    assert any("fetch them" in line for line in told)


def test_a_job_in_dead_hands_is_taken_over_and_that_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(tmp_path / "work")
    jobs = chain(ledger)
    begun = ledger.folder(jobs[0].digest) / "attempts"
    begun.mkdir()
    (begun / "000.json").write_text(f'{{"pid": 1, "host": "lost", "worker": "worker 9", "started": "{now()}"}}')
    work(tmp_path, jobs, monkeypatch, lambda job, at, said: None)
    first, second = ledger.attempts(jobs[0].digest)
    assert first["outcome"] == "died"
    assert first["reason"].startswith("process 1 on lost ended without a word")
    assert second["outcome"] == "finished"


def test_a_budget_begins_nothing_that_would_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings are predicted to take ten seconds, records one; five are left."""
    ledger, made = Ledger(tmp_path / "work"), list[str]()
    jobs = chain(ledger)
    with ledger.claimed(jobs[0].digest), ledger.attempt(jobs[0].digest, "earlier") as said:
        said["seconds"] = 10.0
    work(tmp_path, jobs, monkeypatch, lambda job, at, said: made.append(job.title), deadline=time.time() + 5)
    assert made == [jobs[1].title]
    work(tmp_path, jobs, monkeypatch, lambda job, at, said: made.append(job.title), deadline=time.time() + 50)
    assert made == [jobs[1].title, jobs[2].title, jobs[3].title]


def test_the_pace_is_that_of_finished_jobs_of_the_kind(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "work")
    jobs = chain(ledger)
    assert Pace.of(ledger, jobs).seconds(jobs[2]) == 10.0
    with ledger.claimed(jobs[0].digest), ledger.attempt(jobs[0].digest, "w") as said:
        said |= {"seconds": 30.0, "updates": 10}
    pace = Pace.of(ledger, jobs)
    assert pace.seconds(jobs[2]) == 30.0
    assert pace.seconds(jobs[3]) == 1.0, "nothing was measured of records"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KB, where this user may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def enlarge(disk: Path) -> None:
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "remount,rw,size=64m", "none", str(disk)], check=True, capture_output=True
    )


def test_a_full_disk_stops_all_and_the_same_jobs_go_on(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(disk / "work")
    jobs = chain(ledger)

    def do(job: Job, at: Place, said: dict[str, Any]) -> None:
        ledger.result(job.digest).write_bytes(b"x" * 100_000)

    with pytest.raises(DiskError, match="goes on from it") as caught:
        work(disk, jobs, monkeypatch, do)
    assert caught.value.found == os.strerror(errno.ENOSPC)
    assert not any(ledger.done(job.digest) for job in jobs)
    enlarge(disk)
    ledger.result(jobs[0].digest).unlink(missing_ok=True)
    work(disk, jobs, monkeypatch, do)
    assert all(ledger.done(job.digest) for job in jobs)
    assert outcomes(ledger, jobs[0])[-1] == "finished"


def test_a_full_disk_is_one_message_of_the_command(suite: Path, disk: Path, run_cli: Cli, tmp_path: Path) -> None:
    command = run_command(suite, tmp_path, "--workers", 2)
    command[command.index("--work") + 1] = str(disk / "work")
    code, _, error = run_cli(*command)
    assert code == 2
    assert error.count("xkd-bench: cannot go on") == 1
    assert os.strerror(errno.ENOSPC) in error
    assert "Traceback" not in error
    assert not (tmp_path / "out").exists()


def test_status_says_what_runs_what_failed_and_what_waits(
    tmp_path: Path, suite: Path, run_cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = site(tmp_path)
    graph = graph_of(suite, at)
    jobs = {job.title.removeprefix("demo/digits: "): job for job in graph.jobs.values()}
    for job in graph.jobs.values():
        at.ledger.add(job)
    start, teacher, again = jobs["start tiny"], jobs["train teacher"], jobs["train teacher again, seed 1"]
    with at.ledger.claimed(start.digest), at.ledger.attempt(start.digest, "worker 0") as said:
        said["seconds"] = 1.0
    with (
        at.ledger.claimed(teacher.digest),
        pytest.raises(RuntimeError),
        at.ledger.attempt(teacher.digest, "worker 0"),
    ):
        raise RuntimeError("out of luck")
    arguments = [part for part in run_command(suite, tmp_path) if part != "run"]
    with at.ledger.claimed(again.digest), at.ledger.attempt(again.digest, "worker 1"):
        found = {one.job.title.removeprefix("demo/digits: "): one.state for one in standings(graph, at.ledger)}
        code, output, error = run_cli("reference", "status", *arguments[1:])
    assert code == 0, error
    assert found == {
        "start tiny": "done",
        "train teacher": "failed",
        "keep teacher's tables": "waiting",
        "train teacher again, seed 1": "running",
        "keep tables of retrained teacher 1": "waiting",
        "train finetune, seed 0": "waiting",
        "evaluate finetune, seed 0": "waiting",
        "train vanilla_kd, seed 0": "waiting",
        "evaluate vanilla_kd, seed 0": "waiting",
        "round int8 copy": "waiting",
        "evaluate control-int8": "waiting",
        "evaluate control-retrained": "waiting",
    }
    assert f"train teacher again, seed 1: process {os.getpid()} on" in output
    assert "RuntimeError: out of luck (test_worker.py" in output
    assert "left: 11 jobs" in output


def test_states_follow_from_what_is_needed(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "work")
    jobs = chain(ledger)
    found = states(ledger, {job.digest: job for job in jobs}, shift_of(tmp_path, jobs))
    assert list(found.values()) == ["ready", "waiting", "ready", "waiting"]
