"""Two Ray nodes on this machine, one of them killed in the middle: the bytes of an undisturbed run without Ray."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from suites import Cli, attempts, records, run_command

pytest.importorskip("ray", reason="needs the extra ray")

ADDRESS = "127.0.0.2:6399"


class Node:
    """A Ray node in a process group of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        command = [str(Path(sys.executable).with_name("ray")), "start", "--num-cpus=1", "--block", *options]
        with (folder / "node.txt").open("ab") as said:
            self.process = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Node]]:
    """A head and a second node, which share one token."""
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0123456789abcdef" * 2)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    found = [Node(tmp_path, "--head", "--node-ip-address=127.0.0.2", "--port=6399", "--include-dashboard=false")]
    time.sleep(12)
    found.append(Node(tmp_path, f"--address={ADDRESS}", "--node-ip-address=127.0.0.3"))
    time.sleep(8)
    yield found
    for node in reversed(found):
        node.kill()


def test_a_cluster_that_loses_a_node_makes_the_same_bytes(
    suite: Path, finished: Path, nodes: list[Node], tmp_path: Path
) -> None:
    work, said = tmp_path / "work", tmp_path / "said.txt"
    command = run_command(suite, tmp_path, "--workers", 2, "--executor", "ray", "--address", ADDRESS)
    with said.open("wb") as told:
        driver = subprocess.Popen([sys.executable, "-m", "xkd_bench", *command], stdout=told, stderr=told)
    try:
        deadline = time.monotonic() + 120
        while not all_trained_at_once(work):
            assert driver.poll() is None, said.read_text()
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.05)
        nodes[1].kill()
        assert driver.wait(300) == 0, said.read_text()
    finally:
        driver.kill()
    assert records(tmp_path / "out") == records(finished / "out")
    outcomes = [one["outcome"] for tries in attempts(work).values() for one in tries]
    assert outcomes.count("finished") == 12
    assert outcomes.count("died") == 1


def all_trained_at_once(work: Path) -> bool:
    return len(list(work.glob("jobs/*/.result.training/training_log.jsonl"))) == 2


def test_an_address_where_nothing_answers_is_one_message(suite: Path, run_cli: Cli, tmp_path: Path) -> None:
    code, _, error = run_cli(*run_command(suite, tmp_path, "--executor", "ray", "--address", "127.0.0.1:1"))
    assert code == 2
    assert "--address 127.0.0.1:1" in error
    assert "ray start --head" in error
