"""`xkd_bench.evaluate` writes the command's record and shows the command's tables."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from terminal_output import on_terminal, without_cost

import xkd_bench
from xkd_bench.metrics.tables import LabelTable, PredictionTable
from xkd_bench.records.examples_table import ExamplesTable, write_examples
from xkd_bench.records.submission import file_hash

Cli = Callable[..., tuple[int, str, str]]
REFERENCE = Path(__file__).resolve().parents[2] / "submissions" / "reference"
FILES = ("record.json", "examples.parquet", "explanations.parquet", "masking.parquet", "perturbed.parquet")
COLUMNS = ["score", "metric", "part", "model", "value", "low", "high", "n", "status", "reason"]


def test_record_and_tables_are_the_commands(
    students, short: Path, store: Path, explained: xkd_bench.Evaluation, tmp_path: Path, run_cli: Cli, capsys
) -> None:
    told = ("--protocol", short, "--store", store, "--no-timing", "--output", tmp_path / "cli" / "entry")
    code, output, _ = run_cli("evaluate", students[0].folder, *told)
    assert code == 0
    ours = students[0].evaluate(protocol=short, store=store, timing=False, output=tmp_path / "ours" / "entry")
    assert capsys.readouterr().out == "", "what is printed would stand in a notebook's cell"
    theirs = tmp_path / "cli" / "entry" / "demo" / "grammar"
    assert ours.folder == tmp_path / "ours" / "entry" / "demo" / "grammar"
    for name in FILES:
        assert (ours.folder / name).read_bytes() == (theirs / name).read_bytes(), name
        assert (explained.folder / name).read_bytes() == (theirs / name).read_bytes(), "without an output, too"
    assert (ours.folder.parents[1] / "submission.toml").read_bytes() == (
        theirs.parents[1] / "submission.toml"
    ).read_bytes()
    assert without_cost(on_terminal(ours)) == without_cost(output)
    assert xkd_bench.Evaluation.read(ours).record == ours.record


def test_a_record_without_a_place_goes_with_its_object(students, store: Path) -> None:
    few = {"explanations": False, "perturbations": False, "timing": False}
    evaluation = students[0].evaluate(store=store, **few)
    folder = evaluation.folder
    assert file_hash(folder / "examples.parquet") == evaluation.record.examples.sha256
    assert folder.parents[1].name == "student0", "what a comparison calls it"
    del evaluation
    gc.collect()
    assert not folder.parents[2].exists()


def test_scores_and_their_frame(explained: xkd_bench.Evaluation) -> None:
    found = explained.to_pandas()
    assert list(found.columns) == COLUMNS
    assert {name: str(kind) for name, kind in found.dtypes.items()} == {
        **dict.fromkeys(COLUMNS, "string"),
        **dict.fromkeys(("value", "low", "high"), "float64"),
        "n": "int64",
    }
    assert list(found["score"]) == list(explained.scores)
    row = found.set_index("score").loc["transfer.drop_most_first.lime"]
    assert list(row[["metric", "part", "model"]]) == ["drop_most_first", "lime", "transfer"]
    kappa = explained.scores["kappa"]
    row = found.set_index("score").loc["kappa"]
    assert (row["value"], row["low"], row["high"], row["n"]) == (kappa.value, kappa.low, kappa.high, kappa.n)
    assert (row["model"], row["status"]) == ("both", "ok")
    assert set(found[found["metric"] == "mcc"]["model"]) == {"student", "teacher"}
    assert set(found[found["metric"] == "centred_cosine"]["model"]) == {"both"}
    undefined = found[found["value"].isna()]
    assert (undefined["status"] == "undefined").all()
    assert undefined["reason"].notna().all()
    with pytest.raises(TypeError):
        explained.scores["kappa"] = kappa  # type: ignore[index]


def test_slices_are_asked_for(explained: xkd_bench.Evaluation) -> None:
    found = explained.to_pandas(slices=True)
    sliced = found[found["score"].str.startswith("slice.")]
    assert len(found) == len(explained.scores) + sum(map(len, explained.record.slices.values()))
    assert set(sliced["part"].str.partition(".")[0]) == set(explained.record.slices)


def test_examples_give_the_records_kappa(explained: xkd_bench.Evaluation) -> None:
    found = explained.examples()
    assert list(found.columns) == ["example_id", "label", "student", "teacher"]
    assert len(found) == explained.record.task.rows
    assert set(found["label"]) == set(explained.record.labels)
    assert cohen_kappa_score(found["student"], found["teacher"]) == pytest.approx(explained.scores["kappa"].value)
    accuracy = (found["student"] == found["label"]).mean()
    assert accuracy == pytest.approx(explained.scores["accuracy"].value)


def test_explanations_give_the_records_cosine(explained: xkd_bench.Evaluation) -> None:
    found = explained.explanations(words=True)
    assert list(found.columns) == [
        *("example_id", "explainer", "unit", "teacher", "student", "punctuation", "reason", "word")
    ]
    assert found["unit"].dtype == np.int64
    assert found["punctuation"].dtype == bool
    assert set(found["explainer"]) == set(explained.record.explanations.explainers)
    assert found["word"].notna().all()
    shap = found[(found["explainer"] == "shap") & found["reason"].isna()].dropna(subset=["teacher", "student"])
    cosines = []
    for _, rows in shap.groupby("example_id"):
        one, other = (rows[name] - rows[name].mean() for name in ("teacher", "student"))
        if len(rows) >= 3 and one.any() and other.any():
            cosines.append((one @ other) / np.sqrt((one @ one) * (other @ other)))
    score = explained.scores["centred_cosine.shap"]
    assert len(cosines) == score.n
    assert np.mean(cosines) == pytest.approx(score.value, abs=1e-6)


def test_patches_have_no_words() -> None:
    images = xkd_bench.Evaluation.read(REFERENCE / "vanilla_kd" / "cifar" / "cifar10")
    assert set(images.examples()["label"]) == set(images.record.labels)
    with pytest.raises(xkd_bench.BadInputError, match="leave words out"):
        images.explanations(words=True)


def test_answers_of_a_regression_are_numbers(explained: xkd_bench.Evaluation, tmp_path: Path) -> None:
    ids, labels = ("a", "b"), np.array([0.5, 4.0])
    student, teacher = (PredictionTable(ids, np.array(values)) for values in ([[1.0], [3.0]], [[0.25], [5.0]]))
    table = ExamplesTable(LabelTable("regression", ids, labels, 1), student, teacher, {})
    write_examples(tmp_path / "examples.parquet", table)
    record = explained.record.model_copy(
        update={
            "task": explained.record.task.model_copy(update={"kind": "regression"}),
            "provenance": {"settings": {"labels": []}},
        }
    )
    found = xkd_bench.Evaluation(record, None, tmp_path, explained.task).examples()
    assert found.to_dict("list") == {
        "example_id": ["a", "b"],
        "label": [0.5, 4.0],
        "student": [1.0, 3.0],
        "teacher": [0.25, 5.0],
    }
    assert str(found["label"].dtype) == "float64"


def test_what_was_not_measured_is_told(answered: list[xkd_bench.Evaluation]) -> None:
    with pytest.raises(xkd_bench.BadInputError, match="explanations=True"):
        answered[0].explanations()
    assert "Alignment" not in on_terminal(answered[0])


def test_short_in_a_list_and_whole_in_a_cell(explained: xkd_bench.Evaluation) -> None:
    assert repr(explained).startswith("<Evaluation of 'demo/grammar', quick, n 800: mcc ")
    assert "\n" not in repr(explained)
    html = explained._repr_html_()
    for number in (explained.scores["kappa"], explained.scores["teacher.mcc"], explained.scores["centred_cosine.lime"]):
        assert f">{number.value:.3f}</td>" in html
        assert f">[{number.low:.3f}, {number.high:.3f}]</td>" in html
    assert html.count("<table>") == html.count("</table>") == 4
    assert all(word not in html for word in ("<script", "http", "url(", "@import", "onload"))


def test_a_hostile_name_is_text(explained: xkd_bench.Evaluation) -> None:
    bad = "<script>alert(1)</script>\"'&[bold]"
    record = explained.record
    hostile = xkd_bench.Evaluation(
        record.model_copy(
            update={
                "task": record.task.model_copy(update={"title": bad}),
                "student": record.student.model_copy(update={"architecture": bad}),
                "warnings": (bad,),
            }
        ),
        explained.run,
        explained.folder,
        explained.task,
    )
    html = hostile._repr_html_()
    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;[bold]") == 3
    assert on_terminal(hostile).count(bad) == 3, "no markup either"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"student": "nowhere/at/all"}, "model folder"),
        ({"protocol": "quik"}, "quick"),
        ({"device": "tpu"}, "cuda"),
        ({"dtype": "float16"}, "bfloat16"),
        ({"token_budget": 4}, "8 or more"),
        ({"task": "gramar"}, "did you mean"),
    ],
)
def test_bad_arguments_are_one_error_and_leave_nothing(
    students, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, object], words: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(xkd_bench.BadInputError, match=words):
        xkd_bench.evaluate(**{"student": students[0], "store": store} | changed)
    assert not list(tmp_path.iterdir())


def test_ctrl_c_goes_through_and_leaves_nothing(
    students, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        assert list(tmp_path.iterdir())
        raise KeyboardInterrupt

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("xkd_bench.engine.evaluate.measure", interrupted)
    with pytest.raises(KeyboardInterrupt):
        students[0].evaluate(store=store)
    assert not list(tmp_path.iterdir())


def test_an_object_stands_for_its_folder(students, explained: xkd_bench.Evaluation) -> None:
    assert os.fspath(students[0]) == str(students[0].folder)
    assert os.fspath(explained) == str(explained.folder)
