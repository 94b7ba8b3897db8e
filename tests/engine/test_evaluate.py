"""An evaluation end to end on small models: what is measured, what is stored, what is written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, cohen_kappa_score, matthews_corrcoef

from xkd_bench.engine.check import check_submission
from xkd_bench.engine.evaluate import Evaluation, evaluate
from xkd_bench.engine.plan import make_plan
from xkd_bench.errors import BadInputError
from xkd_bench.models.classifier import Runtime
from xkd_bench.randomness import generator
from xkd_bench.records.examples_table import read_examples
from xkd_bench.records.store import Store
from xkd_bench.tasks import grammar
from xkd_bench.tasks.registry import find_task

TASK = "demo/grammar"


def run(
    models: dict[str, Path], student: str, store: Path, output: Path | None, tokens: int | None = None
) -> Evaluation:
    plan = make_plan(str(models[student]), None, None, "quick", Runtime("cpu", token_budget=tokens), None)
    return evaluate(plan, Store(store), output, timing=False, with_explanations=False, with_perturbations=False)


def test_a_checkpoint_alone_knows_its_task_and_teacher(models: dict[str, Path], tmp_path: Path) -> None:
    plan = make_plan(str(models["one"]), None, None, "quick", Runtime("cpu"), None)
    assert plan.task.name == TASK
    assert plan.teacher is not None
    assert plan.teacher.checkpoint.folder == models["teacher"].resolve()


def test_the_same_again_and_a_second_student_cost_the_teacher_nothing(models: dict[str, Path], tmp_path: Path) -> None:
    store = tmp_path / "store"
    first = run(models, "one", store, tmp_path / "a").run
    again = run(models, "one", store, tmp_path / "a").run
    second = run(models, "two", store, tmp_path / "b").run
    rows = first.forwards["student"]
    assert first.forwards == {"student": rows, "teacher": rows}
    assert rows > 0
    assert again.forwards == {"student": 0, "teacher": 0}
    assert second.forwards == {"student": rows, "teacher": 0}
    told = json.loads((tmp_path / "b" / TASK / "run.json").read_text())
    assert told["forwards"]["teacher"] == 0
    assert told["stored"]["teacher"] == rows


def test_token_budgets_give_the_same_record_to_the_byte(models: dict[str, Path], tmp_path: Path) -> None:
    written = []
    for lot in (8, 16, 64):
        run(models, "one", tmp_path / f"store-{lot}", tmp_path / f"out-{lot}", tokens=lot * 10)
        folder = tmp_path / f"out-{lot}" / TASK
        written.append(((folder / "record.json").read_bytes(), (folder / "examples.parquet").read_bytes()))
    assert written[0] == written[1] == written[2]


def test_examples_in_another_order_give_the_same_record(models: dict[str, Path], tmp_path: Path) -> None:
    """The rows of a file in another order are the same task; so are examples handed over in another order."""
    straight = run(models, "one", tmp_path / "s1", None).result
    plan = make_plan(str(models["one"]), None, None, "quick", Runtime("cpu"), None)
    order = generator("any order").permutation(len(plan.examples)).tolist()
    plan = replace(plan, examples=plan.examples.take(order))
    shuffled = evaluate(
        plan, Store(tmp_path / "s2"), None, timing=False, with_explanations=False, with_perturbations=False
    ).result
    assert shuffled.scores == straight.scores


def test_rows_of_a_file_in_another_order_give_the_same_record_to_the_byte(
    models: dict[str, Path], tmp_path: Path
) -> None:
    rows = grammar.generate("validation")[:300]
    written = []
    for name, order in (("as-is", range(300)), ("shuffled", generator("file order").permutation(300))):
        folder = tmp_path / name
        folder.mkdir()
        card = find_task(TASK).path.read_text().split("[data]")[0].replace('"demo/grammar"', '"mine"')
        columns = '[data.columns]\nid = ["id"]\ntext = ["sentence"]\nlabel = "label"\n'
        (folder / "mine.toml").write_text(card + '[data]\nsource = "files"\nevaluation = "rows.jsonl"\n' + columns)
        (folder / "rows.jsonl").write_text("".join(json.dumps(rows[i]) + "\n" for i in order))
        task, teacher = str(folder / "mine.toml"), str(models["teacher"])
        plan = make_plan(str(models["one"]), task, teacher, "quick", Runtime("cpu"), None)
        evaluate(
            plan,
            Store(folder / "store"),
            folder / "out",
            timing=False,
            with_explanations=False,
            with_perturbations=False,
        )
        files = [folder / "out" / "own" / "mine" / file for file in ("record.json", "examples.parquet")]
        written.append([file.read_bytes() for file in files])
    assert written[0] == written[1]


def test_scores_equal_scikit_learn_on_the_stored_predictions(models: dict[str, Path], tmp_path: Path) -> None:
    found = run(models, "one", tmp_path / "store", tmp_path / "out")
    table = read_examples(tmp_path / "out" / TASK / "examples.parquet", "classification", 2)
    assert table.teacher is not None
    labels, student, teacher = table.labels.labels, table.student.logits.argmax(1), table.teacher.logits.argmax(1)
    scores = {name: score.value for name, score in found.result.scores.items()}
    assert scores["accuracy"] == pytest.approx(accuracy_score(labels, student), abs=1e-12)
    assert scores["mcc"] == pytest.approx(matthews_corrcoef(labels, student), abs=1e-12)
    assert scores["teacher.mcc"] == pytest.approx(matthews_corrcoef(labels, teacher), abs=1e-12)
    assert scores["kappa"] == pytest.approx(cohen_kappa_score(student, teacher), abs=1e-12)


def test_stored_predictions_are_those_of_the_library(models: dict[str, Path], tmp_path: Path) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    run(models, "one", tmp_path / "store", tmp_path / "out")
    table = read_examples(tmp_path / "out" / TASK / "examples.parquet", "classification", 2)
    plan = make_plan(str(models["one"]), None, None, "quick", Runtime("cpu"), None)
    model = AutoModelForSequenceClassification.from_pretrained(models["one"]).eval()
    tokenizer = AutoTokenizer.from_pretrained(models["one"])
    for position in range(0, 200, 23):
        encoded = tokenizer(plan.examples.inputs[position].text, return_tensors="pt")  # type: ignore[union-attr]
        encoded.pop("token_type_ids", None)
        with torch.inference_mode():
            logits = model(**encoded).logits[0].numpy()
        np.testing.assert_allclose(table.student.logits[position], logits, atol=2e-5)


def test_a_student_that_is_its_teacher_agrees_exactly(models: dict[str, Path], tmp_path: Path) -> None:
    teacher = str(models["teacher"])
    plan = make_plan(teacher, TASK, teacher, "quick", Runtime("cpu"), None)
    scores = evaluate(
        plan, Store(tmp_path), None, timing=False, with_explanations=False, with_perturbations=False
    ).result.scores
    assert scores["agreement"].value == 1.0
    assert scores["kappa"].value == 1.0
    assert scores["kl_divergence"].value == 0.0
    assert scores["probability_loyalty"].value == 1.0
    assert scores["calibration_gap"].value == 0.0


def test_without_a_teacher_there_is_quality_and_alignment_is_not_measured(
    models: dict[str, Path], tmp_path: Path
) -> None:
    plan = make_plan(str(models["teacher"]), TASK, None, "quick", Runtime("cpu"), None)
    result = evaluate(
        plan, Store(tmp_path), None, timing=False, with_explanations=False, with_perturbations=False
    ).result
    assert result.track is None
    assert result.teacher is None
    assert result.scores["accuracy"].status == "ok"
    assert (result.scores["kappa"].status, result.scores["kappa"].reason) == ("undefined", "not_measured")


def test_an_untrained_teacher_fails_its_gate_and_gives_no_alignment(
    models: dict[str, Path], tiny_models: Path, tmp_path: Path
) -> None:
    plan = make_plan(str(models["one"]), TASK, str(tiny_models / "grammar"), "quick", Runtime("cpu"), None)
    result = evaluate(
        plan, Store(tmp_path), None, timing=False, with_explanations=False, with_perturbations=False
    ).result
    assert result.gate["teacher"].status == "invalid"
    assert result.gate["teacher"].reason
    assert (result.scores["kappa"].value, result.scores["kappa"].reason) == (None, "teacher_invalid")
    assert result.scores["teacher.mcc"].value is not None, "how bad it is stays visible"


def test_a_weak_student_keeps_its_rows_and_is_marked(
    models: dict[str, Path], tiny_models: Path, tmp_path: Path
) -> None:
    plan = make_plan(str(tiny_models / "grammar"), TASK, str(models["teacher"]), "quick", Runtime("cpu"), None)
    result = evaluate(
        plan, Store(tmp_path), None, timing=False, with_explanations=False, with_perturbations=False
    ).result
    assert result.gate["student"].status == "weak"
    assert result.scores["kappa"].value is not None


def test_what_evaluate_writes_passes_the_check_and_an_edit_does_not(models: dict[str, Path], tmp_path: Path) -> None:
    run(models, "one", tmp_path / "store", tmp_path / "out")
    assert check_submission(tmp_path / "out").or_raise()
    path = tmp_path / "out" / TASK / "record.json"
    good = path.read_text()
    record: dict[str, Any] = json.loads(good)
    record["scores"]["kappa"]["value"] += 1e-6
    path.write_text(json.dumps(record))
    with pytest.raises(BadInputError, match=r"scores\.kappa\.value"):
        check_submission(tmp_path / "out").or_raise()
    record = json.loads(good)
    record["examples"]["sha256"] = "sha256:" + "1" * 64
    path.write_text(json.dumps(record))
    with pytest.raises(BadInputError, match="the table the record was made from"):
        check_submission(tmp_path / "out").or_raise()


@pytest.mark.parametrize("headline", ["kapa", "kappa", "spearman"])
def test_a_headline_that_is_no_score_of_the_task_is_refused(
    models: dict[str, Path], tmp_path: Path, headline: str
) -> None:
    """A misspelled metric, one of a pair of models, one for regressions."""
    text = find_task(TASK).path.read_text().replace('headline = "mcc"', f'headline = "{headline}"')
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(BadInputError, match=r"accuracy, .*mcc"):
        make_plan(str(models["one"]), str(tmp_path / "mine.toml"), None, "quick", Runtime("cpu"), None)


def test_a_moved_pair_of_student_and_teacher_still_finds_each_other(models: dict[str, Path], tmp_path: Path) -> None:
    import shutil

    for name in ("teacher", "one"):
        shutil.copytree(models[name], tmp_path / "elsewhere" / name)
    plan = make_plan(str(tmp_path / "elsewhere" / "one"), None, None, "quick", Runtime("cpu"), None)
    assert plan.teacher is not None
    assert plan.teacher.checkpoint.folder == (tmp_path / "elsewhere" / "teacher").resolve()


def test_another_teacher_at_the_place_of_the_lineage_is_refused(models: dict[str, Path], tmp_path: Path) -> None:
    import shutil

    shutil.copytree(models["one"], tmp_path / "one")
    shutil.copytree(models["two"], tmp_path / "teacher")
    with pytest.raises(BadInputError, match="the teacher it was distilled from"):
        make_plan(str(tmp_path / "one"), None, None, "quick", Runtime("cpu"), None)


def test_a_record_names_no_place_of_this_machine(models: dict[str, Path], tmp_path: Path) -> None:
    run(models, "one", tmp_path / "store", tmp_path / "out")
    for name in ("record.json", "run.json"):
        assert str(tmp_path) not in (tmp_path / "out" / TASK / name).read_text()
    assert 'teacher_location": null' in (tmp_path / "out" / TASK / "record.json").read_text()
