"""The repository's records are finished jobs of `cpu-small`; one of another making is not, and is never replaced."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from suites import Cli, graph_of, run_command, site

from xkd_bench.reference.committed import Wanted, notes, read_record
from xkd_bench.reference.graph import Graph
from xkd_bench.reference.ledger import Ledger
from xkd_bench.reference.site import Site
from xkd_bench.reference.suite import read_suite
from xkd_bench.reference.suite_graph import build_graph

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "submissions" / "reference"
SST2 = sorted(path.parents[2].name for path in REFERENCE.glob("*/glue/sst2/record.json"))


@pytest.fixture(scope="module")
def cpu_small(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    suite, folder = read_suite("cpu-small")
    ledger = Ledger(tmp_path_factory.mktemp("nothing") / "work")
    return build_graph(suite, folder, Site(ledger, REFERENCE, None, "cpu", looks=False))


def test_there_are_committed_records() -> None:
    assert {"finetune", "vanilla_kd", "ad_kd", "internal_kd-PID", "tinybert"} <= set(SST2)


@pytest.mark.parametrize("entry", SST2)
def test_a_committed_sst2_record_is_a_finished_job(cpu_small: Graph, entry: str) -> None:
    jobs = [cpu_small.jobs[digest] for digest in cpu_small.committed]
    assert entry in {job.identity["entry"] for job in jobs if job.kind == "evaluate" and job.task == "glue/sst2"}


def test_the_committed_teacher_is_the_track_and_nothing_is_in_the_way(cpu_small: Graph) -> None:
    tables = [cpu_small.jobs[digest] for digest in cpu_small.committed if cpu_small.jobs[digest].kind == "keep"]
    assert [job.recipe["name"] for job in tables if job.task == "glue/sst2"][:1] == ["sst2"]
    assert cpu_small.conflicts == {}
    needed = [job for job in cpu_small.needed() if job.task == "glue/sst2"]
    assert not [job.title for job in needed if job.kind == "evaluate" and job.identity["entry"] in SST2]


@pytest.mark.parametrize("task", ["glue/sst2", "glue/cola"])
def test_committed_records_lack_nothing(cpu_small: Graph, task: str) -> None:
    told = {cpu_small.jobs[digest].title: said for digest, said in cpu_small.committed.items()}
    assert told[f"{task}: evaluate ckd, seed 0"] == ()


def test_a_record_with_fewer_retrained_teachers_is_said_to_have_them() -> None:
    record = read_record(REFERENCE / "ckd" / "glue" / "sst2")
    assert record is not None
    wanted = Wanted("glue/sst2", None, "", "", None, 0, "ckd", None, None, {}, {}, retrained=5)
    assert notes(record, wanted) == ("3 of 5 retrained teachers behind its ceiling",)


def test_a_student_of_another_training_of_the_teacher_is_said_to_be_one() -> None:
    record = read_record(REFERENCE / "ckd" / "glue" / "sst2")
    assert record is not None
    assert record.lineage is not None
    wanted = Wanted("glue/sst2", None, "", "", None, 0, "ckd", None, None, {}, {})
    assert notes(record, wanted) == ()
    twin = record.lineage.model_copy(update={"teacher": f"sha256:{'58e83e3c' * 8}"})
    other = record.model_copy(update={"lineage": twin})
    assert notes(other, wanted) == ("distilled from another training of the teacher (58e83e3c)",)


CHANGES: dict[str, Callable[[dict[str, Any]], None]] = {
    "seed": lambda record: record["lineage"].update(seed=5),
    "settings": lambda record: record["lineage"]["settings"].update(temperature=9.0),
    "training": lambda record: record["lineage"]["training"].update(epochs=9),
    "blocks": lambda record: record["lineage"].update(layers=[1, 2]),
    "rows": lambda record: record["lineage"].update(train_rows=481),
    "track": lambda record: record.update(track="sha256:" + "0" * 64),
    "it has no lineage": lambda record: record.update(lineage=None),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_record_of_another_making_is_no_finished_job_and_stays(
    suite: Path, finished: Path, run_cli: Cli, tmp_path: Path, what: str
) -> None:
    shutil.copytree(finished / "out", tmp_path / "out")
    path = tmp_path / "out/vanilla_kd/demo/digits/record.json"
    record = json.loads(path.read_text())
    CHANGES[what](record)
    path.write_text(json.dumps(record))
    graph = graph_of(suite, site(tmp_path))
    assert [what in reason for reason in graph.conflicts.values()] == [True]
    before = path.read_bytes()
    code, output, error = run_cli(*run_command(suite, tmp_path))
    assert code == 2
    assert str(path.parent) in error
    assert what in error
    assert "·" not in output
    assert path.read_bytes() == before
