"""Pairs, a regression and three labels on real GLUE rows, with blocks of a real encoder: the same way as everything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score

from xkd_bench.distillers.distill import Order, distill
from xkd_bench.engine.check import check_submission
from xkd_bench.engine.evaluate import Evaluation, evaluate
from xkd_bench.engine.plan import make_plan
from xkd_bench.metrics.registry import load
from xkd_bench.metrics.scoring import score_all
from xkd_bench.metrics.tables import join
from xkd_bench.models.classifier import Runtime
from xkd_bench.records.examples_table import ExamplesTable, read_examples
from xkd_bench.records.store import Store
from xkd_bench.tasks.registry import find_task

pytestmark = pytest.mark.real_data
ROWS = 400


def judged(name: str, encoder: Path, data: Path, folder: Path) -> tuple[Evaluation, ExamplesTable]:
    """Two blocks of the encoder, trained for a moment, as the teacher; one of them, distilled, as the student."""
    task, runtime, store = find_task(name), Runtime("cpu"), Store(folder / "store")
    options: dict[str, Any] = {"train_rows": 320, "epochs": 1}
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
    assert check_submission(folder / "entry").or_raise()
    card = task.card
    return found, read_examples(folder / "entry" / name / "examples.parquet", card.kind, card.classes)


def agreement(table: ExamplesTable, name: str) -> float | None:
    """A score of the pair from the stored table, whatever the gate says of the teacher."""
    assert table.teacher is not None
    return score_all(join(table.labels, table.student, table.teacher), [load(name)], 0, ())[name].value


def check_gated(found: Evaluation, name: str, value: float | None) -> None:
    """The record holds that score under a valid teacher, and says why not under an invalid one."""
    score = found.result.scores[name]
    if found.result.gate["teacher"].status == "valid":
        assert score.value == value
    else:
        assert (score.value, score.reason) == (None, "teacher_invalid")


def test_stsb_is_a_regression(encoder: Path, real_data: Path, tmp_path: Path) -> None:
    found, table = judged("glue/stsb", encoder, real_data, tmp_path)
    scores = found.result.scores
    assert (scores["kappa"].value, scores["kappa"].status, scores["kappa"].reason) == (None, "undefined", "regression")
    assert table.teacher is not None
    student, teacher = table.student.logits[:, 0], table.teacher.logits[:, 0]
    assert scores["spearman"].value == pytest.approx(spearmanr(student, table.labels.labels).statistic, abs=1e-12)
    assert scores["pearson"].value == pytest.approx(pearsonr(student, table.labels.labels).statistic, abs=1e-12)
    assert agreement(table, "teacher_student_pearson") == pytest.approx(pearsonr(student, teacher).statistic, abs=1e-12)
    check_gated(found, "teacher_student_pearson", agreement(table, "teacher_student_pearson"))


@pytest.mark.parametrize(("name", "classes"), [("glue/mrpc", 2), ("glue/mnli_matched", 3)])
def test_pairs_of_two_and_three_labels(name: str, classes: int, encoder: Path, real_data: Path, tmp_path: Path) -> None:
    found, table = judged(name, encoder, real_data, tmp_path)
    scores = found.result.scores
    assert table.student.logits.shape == (ROWS, classes)
    assert table.teacher is not None
    labels, student = table.labels.labels, table.student.logits.argmax(1)
    assert scores["accuracy"].value == pytest.approx(accuracy_score(labels, student), abs=1e-12)
    assert ("f1" in scores) == (classes == 2)
    if classes == 2:
        assert scores["f1"].value == pytest.approx(f1_score(labels, student), abs=1e-12)
    check_gated(found, "kappa", agreement(table, "kappa"))
    # Models trained for a moment may answer always the same, where κ says nothing: ask it of what each model says
    # beyond its own median as well.
    one, two = (
        replace(part, logits=part.logits - np.median(part.logits, axis=0)) for part in (table.student, table.teacher)
    )
    kappa = agreement(replace(table, student=one, teacher=two), "kappa")
    assert set(one.logits.argmax(1)) == set(range(classes))
    assert kappa == pytest.approx(cohen_kappa_score(one.logits.argmax(1), two.logits.argmax(1)), abs=1e-12)
