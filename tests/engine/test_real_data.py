"""Pairs, a regression and three labels on real GLUE rows, with blocks of a real encoder: the same way as everything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score

from xkd_bench.distillers.distill import Order, distill
from xkd_bench.engine.check import check_submission
from xkd_bench.engine.evaluate import Evaluation, evaluate
from xkd_bench.engine.plan import make_plan
from xkd_bench.models.classifier import Runtime
from xkd_bench.records.examples_table import ExamplesTable, read_examples
from xkd_bench.records.store import Store
from xkd_bench.tasks.registry import find_task

pytestmark = pytest.mark.real_data
ROWS = 400


def judged(name: str, encoder: Path, data: Path, folder: Path) -> tuple[Evaluation, ExamplesTable]:
    """Two blocks of the encoder, trained for a moment, as the teacher; one of them, distilled, as the student."""
    task, runtime, store = find_task(name), Runtime("cpu"), Store(folder / "store")
    options = {"train_rows": 320, "epochs": 1}
    teacher = str(folder / "teacher")
    distill(
        Order("finetune", task, str(encoder), None, folder / "teacher", layers=(1, 2), **options), runtime, store, data
    )
    distill(
        Order("vanilla_kd", task, teacher, teacher, folder / "student", layers=(1,), **options), runtime, store, data
    )
    plan = make_plan(str(folder / "student"), None, None, "quick", runtime, data)
    plan = replace(plan, examples=plan.examples.take(range(ROWS)))
    found = evaluate(plan, store, folder / "entry", timing=False)
    assert list(check_submission(folder / "entry"))
    card = task.card
    return found, read_examples(folder / "entry" / name / "examples.parquet", card.kind, card.classes)


def test_stsb_is_a_regression(encoder: Path, real_data: Path, tmp_path: Path) -> None:
    found, table = judged("glue/stsb", encoder, real_data, tmp_path)
    scores = found.result.scores
    assert (scores["kappa"].value, scores["kappa"].status, scores["kappa"].reason) == (None, "undefined", "regression")
    assert table.teacher is not None
    student, teacher = table.student.logits[:, 0], table.teacher.logits[:, 0]
    assert scores["spearman"].value == pytest.approx(spearmanr(student, table.labels.labels).statistic, abs=1e-12)
    assert scores["pearson"].value == pytest.approx(pearsonr(student, table.labels.labels).statistic, abs=1e-12)
    # An invalid teacher says so; a valid one is compared by correlations.
    if found.result.gate["teacher"].status == "valid":
        expected = pearsonr(student, teacher).statistic
        assert scores["teacher_student_pearson"].value == pytest.approx(expected, abs=1e-12)
    else:
        assert scores["teacher_student_pearson"].reason == "teacher_invalid"


@pytest.mark.parametrize(("name", "classes"), [("glue/mrpc", 2), ("glue/mnli_matched", 3)])
def test_pairs_of_two_and_three_labels(name: str, classes: int, encoder: Path, real_data: Path, tmp_path: Path) -> None:
    found, table = judged(name, encoder, real_data, tmp_path)
    scores = found.result.scores
    assert table.student.logits.shape == (ROWS, classes)
    assert table.teacher is not None
    labels, student, teacher = table.labels.labels, table.student.logits.argmax(1), table.teacher.logits.argmax(1)
    assert scores["accuracy"].value == pytest.approx(accuracy_score(labels, student), abs=1e-12)
    assert ("f1" in scores) == (classes == 2)
    if classes == 2:
        assert scores["f1"].value == pytest.approx(f1_score(labels, student), abs=1e-12)
    if found.result.gate["teacher"].status == "valid" and scores["kappa"].value is not None:
        assert scores["kappa"].value == pytest.approx(cohen_kappa_score(student, teacher), abs=1e-12)
    elif found.result.gate["teacher"].status == "invalid":
        assert scores["kappa"].reason == "teacher_invalid"
