"""A ceiling set afterwards is the one an evaluation with the retrained teachers gives."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from test_explanations import plan_of

from xkd_bench.engine.ceiling import Ceiling, lacks_ceiling, measure_ceiling, set_ceiling
from xkd_bench.engine.evaluate import evaluate
from xkd_bench.errors import BadInputError
from xkd_bench.records.findings import SubmissionError
from xkd_bench.records.store import Store
from xkd_bench.records.submission import TaskEntry, read_one_task

REPOSITORY = Path(__file__).parents[2]
Cli = Callable[..., tuple[int, str, str]]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture
def entry(
    models: dict[str, Path], store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[TaskEntry, Ceiling]:
    """A record made without retrained teachers, and the ceiling it lacks."""
    plan = plan_of(models, "one", again=("again", "two"))
    monkeypatch.setattr("xkd_bench.engine.check.read_protocol", lambda name: plan.protocol)
    evaluate(replace(plan, retrained=()), store, tmp_path / "before", timing=False)
    of_teacher = plan_of(models, "teacher", again=("again", "two"))
    return read_one_task(tmp_path / "before")[1], measure_ceiling(of_teacher, store)


def test_it_is_what_an_evaluation_gives_to_the_byte(
    models: dict[str, Path], store: Store, tmp_path: Path, entry: tuple[TaskEntry, Ceiling]
) -> None:
    before, ceiling = entry
    asked = evaluate(plan_of(models, "one", again=("again", "two")), store, tmp_path / "asked", timing=False).folder
    assert asked is not None
    assert before.result.teacher is not None
    teacher = before.result.teacher.hash
    assert lacks_ceiling(before.result, teacher, ceiling.retrained)
    result = set_ceiling(before, ceiling)
    assert not lacks_ceiling(result, teacher, ceiling.retrained)
    found, wanted = files(before.folder), files(asked)
    assert set(found) == set(wanted)
    for name in sorted(set(found) - {"run.json"}):
        assert found[name] == wanted[name], name


def test_whom_it_is_for(entry: tuple[TaskEntry, Ceiling]) -> None:
    result, ceiling = entry[0].result, entry[1]
    assert result.teacher is not None
    teacher = result.teacher.hash
    assert not lacks_ceiling(result, ceiling.retrained[0], ceiling.retrained), "of another teacher"
    assert not lacks_ceiling(result, teacher, (result.student.hash,)), "itself one of the retrained"
    assert not lacks_ceiling(result.model_copy(update={"explanations": None}), teacher, ceiling.retrained)


def test_a_record_that_is_not_in_order_stays_as_it_is(entry: tuple[TaskEntry, Ceiling]) -> None:
    before, ceiling = entry
    with pytest.raises(BadInputError, match="others"):
        set_ceiling(before, replace(ceiling, example_ids=ceiling.example_ids[1:]))
    score = before.result.scores["accuracy"]
    wrong = before.result.model_copy(
        update={"scores": before.result.scores | {"accuracy": score.model_copy(update={"value": 0.123})}}
    )
    kept = files(before.folder)
    with pytest.raises(SubmissionError, match="accuracy"):
        set_ceiling(replace(before, result=wrong), ceiling)
    assert files(before.folder) == kept


def test_the_command_gives_back_what_was_taken_from_a_committed_record(
    real_data: Path, run_cli: Cli, tmp_path: Path
) -> None:
    committed = REPOSITORY / "submissions/reference/finetune/glue/cola"
    copied = tmp_path / "submissions/reference/finetune"
    shutil.copytree(committed, copied / "glue/cola")
    shutil.copy(committed.parents[1] / "submission.toml", copied)
    record = read_one_task(copied)[1]
    assert record.result.explanations is not None
    keys = record.result.explanations.explainers
    ids = tuple(read_ids(committed / "explanations.parquet"))
    set_ceiling(record, Ceiling((), ids, {key: {} for key in keys}))
    assert files(copied / "glue/cola") != files(committed)
    command = ["reference", "ceiling", "cola", "--submissions", tmp_path / "submissions"]
    code, out, _ = run_cli(*command, "--data-root", real_data, "--store", tmp_path / "store")
    assert code == 0
    assert "records written again: 1" in out
    assert files(copied / "glue/cola") == files(committed)
    assert run_cli(*command, "--data-root", real_data)[1].strip() == "records written again: 0"


def read_ids(path: Path) -> list[str]:
    import pyarrow.parquet as pq

    ids: list[str] = pq.read_table(path, columns=["example_id"])["example_id"].to_pylist()
    return ids


def test_a_teacher_without_retrained_ones_is_refused(run_cli: Cli, tmp_path: Path) -> None:
    code, _, error = run_cli("reference", "ceiling", "cifar10", "--submissions", tmp_path)
    assert code == 2
    assert "cifar10-retrained-1" in error
