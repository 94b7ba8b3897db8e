"""Perturbed inputs end to end: what both models are asked, what is not asked twice, and records that check."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xkd_bench.engine.check import check_submission
from xkd_bench.engine.evaluate import evaluate, measure
from xkd_bench.engine.perturb import Forms, answers, perturb
from xkd_bench.engine.plan import Plan, make_plan
from xkd_bench.errors import BadInputError
from xkd_bench.models.classifier import LazyClassifier, Runtime
from xkd_bench.records.perturbed_table import read_perturbed
from xkd_bench.records.store import Store
from xkd_bench.records.submission import file_hash

TEXT_NAMES = ("char_replace", "keyboard_typo", "spelling_mistake", "word_swap", "word_synonym", "verb_tense")


def fewer(plan: Plan, examples: int = 30) -> Plan:
    card = plan.protocol.perturbations
    assert card is not None
    update = {"perturbations": card.model_copy(update={"examples": examples}), "masking": None}
    return replace(plan, protocol=plan.protocol.model_copy(update=update))


def plan_of(models: dict[str, Path], student: str) -> Plan:
    plan = make_plan(str(models[student]), "demo/grammar", str(models["teacher"]), "quick", Runtime("cpu"), None)
    return fewer(plan)


@pytest.fixture(scope="module")
def written(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A submission of student `one`, with all else left out."""
    folder = tmp_path_factory.mktemp("perturbed")
    found = evaluate(plan_of(models, "one"), Store(folder / "store"), folder / "out", False, with_explanations=False)
    assert found.folder is not None
    return folder


def test_a_record_says_what_was_asked_and_derives_again(
    written: Path, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = json.loads((written / "out/demo/grammar/record.json").read_text())
    robustness = record["robustness"]
    assert (robustness["strength"], robustness["draws"], robustness["table"]["rows"]) == ("single_edit", 3, 30)
    assert set(robustness["perturbations"]) == set(TEXT_NAMES)
    typo = robustness["perturbations"]["keyboard_typo"]
    assert typo["applied"] == 1
    assert typo["distances"] == {"characters": 1, "words": 1}
    assert [robustness["perturbations"][name]["label_changing"] for name in TEXT_NAMES] == [False] * 3 + [
        True,
        False,
        True,
    ]
    scores = record["scores"]
    assert scores["flip_kappa.keyboard_typo"]["n"] == 30
    assert scores["score_drop.word_swap"]["reason"] == "label_changing"
    assert scores["flip_rate.word_swap"]["reason"] is None
    mean = np.mean(typo["headline"]["student"])
    assert scores["perturbed_score.keyboard_typo"]["value"] == pytest.approx(mean, abs=1e-8)
    assert scores["score_drop.keyboard_typo"]["value"] == pytest.approx(robustness["plain"]["student"] - mean, abs=1e-8)
    protocol = plan_of(models, "one").protocol
    monkeypatch.setattr("xkd_bench.engine.check._protocol", lambda result, where: protocol)
    assert check_submission(written / "out").or_raise()


def test_a_student_that_is_its_teacher_breaks_where_it_breaks(models: dict[str, Path], tmp_path: Path) -> None:
    plan = plan_of(models, "teacher")
    scores = evaluate(plan, Store(tmp_path), None, False, with_explanations=False).result.scores
    for name in TEXT_NAMES:
        assert scores[f"flip_kappa.{name}"].value in (1, None)
        assert scores[f"flip_rate.{name}"] == scores[f"teacher.flip_rate.{name}"]
        assert scores[f"excess_drop.{name}"].value == 0
    assert any(scores[f"flip_kappa.{name}"].value == 1 for name in TEXT_NAMES)


def test_equal_texts_run_once_and_unchanged_ones_not_again(models: dict[str, Path], tmp_path: Path) -> None:
    plan, store = plan_of(models, "one"), Store(tmp_path)
    predicted = measure(plan, store)
    before = plan.student.forwards
    assert perturb(plan, store, predicted) is not None
    card = plan.protocol.perturbations
    assert card is not None
    found = perturb(plan, store, predicted)
    assert found is not None
    examples = plan.examples.take([plan.examples.example_ids.index(one) for one in found.table.example_ids])
    forms = Forms(examples, card, plan.protocol.statistics.suite_seed)
    asked = [form for row in range(len(examples)) for form in forms(row)]
    distinct = {form for form in asked if form is not None}
    assert plan.student.forwards - before == len(distinct) < len(asked) == 30 * 18
    for name, columns in found.table.perturbations.items():
        plain = predicted.student.logits[[predicted.student.example_ids.index(one) for one in found.table.example_ids]]
        kept = ~columns.applied
        same = np.broadcast_to(plain.argmax(axis=1)[:, None], kept.shape)
        assert (columns.answers["student"][kept] == same[kept]).all(), name


def test_another_order_of_examples_and_smaller_batches_give_the_same_answers(
    models: dict[str, Path], tmp_path: Path
) -> None:
    plan = plan_of(models, "one")
    first = perturb(plan, Store(tmp_path / "a"), measure(plan, Store(tmp_path / "a")))
    backwards = replace(plan, examples=plan.examples.take(range(len(plan.examples) - 1, -1, -1)))
    runtime = Runtime("cpu", token_budget=128)
    backwards = replace(
        backwards,
        student=LazyClassifier(plan.student.checkpoint, plan.task.card, plan.student.order, runtime),
        teacher=None,
    )
    second = perturb(backwards, Store(tmp_path / "b"), measure(backwards, Store(tmp_path / "b")))
    assert first is not None
    assert second is not None
    order = [second.table.example_ids.index(one) for one in first.table.example_ids]
    for name, columns in first.table.perturbations.items():
        other = second.table.perturbations[name]
        assert np.array_equal(columns.answers["student"], other.answers["student"][order])
        assert np.array_equal(columns.applied, other.applied[order])
        assert "teacher" not in other.answers


def test_images_are_perturbed_alike(tiny_models: Path, tmp_path: Path) -> None:
    folder = str(tiny_models / "digits")
    plan = fewer(make_plan(folder, "demo/digits", folder, "quick", Runtime("cpu"), None), examples=8)
    found = perturb(plan, Store(tmp_path), measure(plan, Store(tmp_path)))
    assert found is not None
    assert set(found.table.perturbations) == {
        "gaussian_noise",
        "gaussian_blur",
        "brightness",
        "contrast",
        "jpeg",
        "shift",
    }
    for columns in found.table.perturbations.values():
        assert columns.applied.all()
        assert set(columns.distances) == {"pixels"}
        assert np.array_equal(columns.answers["student"], columns.answers["teacher"])
    forwards = plan.student.forwards
    assert perturb(plan, Store(tmp_path), measure(plan, Store(tmp_path))) is not None
    assert plan.student.forwards == forwards


def test_values_of_a_regression_stand_where_nothing_was_changed() -> None:
    logits = np.array([[[1.5], [np.nan]], [[np.nan], [0.25]]])
    assert answers(logits, np.array([[3.0], [4.0]]), regression=True).tolist() == [[1.5, 3.0], [4.0, 0.25]]


def test_a_table_that_is_none_is_refused(written: Path, tmp_path: Path) -> None:
    path = written / "out/demo/grammar/perturbed.parquet"
    assert len(read_perturbed(path, "classification", 3).example_ids) == 30
    with pytest.raises(BadInputError, match="not 4 numbers"):
        read_perturbed(path, "classification", 4)
    (tmp_path / "p.parquet").write_text("no table")
    with pytest.raises(BadInputError, match="a table of perturbed inputs"):
        read_perturbed(tmp_path / "p.parquet", "classification", 3)
    assert file_hash(path).startswith("sha256:")
