"""The gate on committed entries, and everything that must not pass it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from xkd_bench.errors import BadInputError
from xkd_bench.verdicts.entries import read_entries
from xkd_bench.verdicts.gate import GateOutcome, gate
from xkd_bench.verdicts.gate_reports import error_junit, gate_junit, gate_markdown
from xkd_bench.verdicts.margins import FOLDER, built_in, read_margins
from xkd_bench.verdicts.measured import MeasuredEntry

TASK = "glue/sst2"


@pytest.fixture(scope="module")
def regression_caught(vanilla_kd: MeasuredEntry, attn_last: MeasuredEntry) -> GateOutcome:
    """A student whose accuracy is within noise of the baseline's and whose reasons moved."""
    return gate({TASK: attn_last.entry}, {TASK: vanilla_kd.entry})


def test_accuracy_passes_and_alignment_fails(regression_caught: GateOutcome) -> None:
    status = {score.name: score.status for score in regression_caught.tasks[0].scores}
    assert status["accuracy"] == status["mcc"] == status["kappa"] == "pass"
    assert status["centred_cosine.globenc"] == "fail"
    assert regression_caught.exit_code() == regression_caught.exit_code(allow_undecided=True) == 1


def test_summary_says_why(regression_caught: GateOutcome) -> None:
    summary = gate_markdown(regression_caught)
    assert summary.startswith("## Alignment: failed (")
    assert "Centred cosine, GlobEnc | 0.775 | 0.711 | -0.064" in summary
    assert "Same answer, another reason" in summary
    assert "| 652 |" in summary


def test_junit_counts(regression_caught: GateOutcome) -> None:
    suite = ElementTree.fromstring(gate_junit(regression_caught).encode()).find("testsuite")
    assert int(suite.get("tests")) == len(regression_caught.tasks[0].scores)
    assert int(suite.get("failures")) == regression_caught.count("fail") == len(suite.findall("testcase/failure"))
    assert int(suite.get("errors")) == regression_caught.count("undecided")
    allowed = ElementTree.fromstring(gate_junit(regression_caught, allow_undecided=True).encode()).find("testsuite")
    assert (int(allowed.get("errors")), int(allowed.get("skipped"))) == (0, regression_caught.count("undecided"))
    assert 'message="no' in error_junit("no <such> folder")


def test_the_same_student_passes(vanilla_kd: MeasuredEntry) -> None:
    outcome = gate({TASK: vanilla_kd.entry}, {TASK: vanilla_kd.entry})
    assert outcome.exit_code() == 0
    assert outcome.count("pass") == len(outcome.tasks[0].scores) == 25


def test_three_examples_are_too_few(variant) -> None:
    one, other = (read_entries(variant(name, rows=slice(0, 3))) for name in ("one", "other"))
    outcome = gate(one, other)
    assert outcome.exit_code() == 2
    assert outcome.exit_code(allow_undecided=True) == 2  # nothing was decided
    told = [score.reason for score in outcome.tasks[0].scores]
    assert any("too few examples: 3, not 30" in reason for reason in told)
    assert any(reason.startswith("undefined: ") for reason in told)


def test_another_track_is_refused_whatever_is_allowed(variant, vanilla_kd) -> None:
    def other_rows(record) -> None:
        record["task"]["fingerprint"] = "sha256:" + "2" * 64

    outcome = gate(read_entries(variant("other", edit=other_rows)), {TASK: vanilla_kd.entry})
    assert outcome.tasks[0].refused[0].startswith("other rows")
    assert outcome.exit_code(allow_undecided=True) == 2
    assert "Not comparable: other rows" in gate_markdown(outcome)
    assert "other rows" in gate_junit(outcome)


def test_a_missing_task_and_an_empty_baseline(vanilla_kd) -> None:
    assert gate({}, {TASK: vanilla_kd.entry}).exit_code(allow_undecided=True) == 2
    with pytest.raises(BadInputError, match="--baseline"):
        gate({TASK: vanilla_kd.entry}, {})


def test_a_missing_score_stays_closed_unless_allowed(variant, vanilla_kd) -> None:
    candidate = read_entries(variant("predictions only"))
    outcome = gate(candidate, {TASK: vanilla_kd.entry}, {"kappa": 0.05, "centred_cosine.lime": 0.02})
    assert [score.status for score in outcome.tasks[0].scores] == ["pass", "undecided"]
    assert outcome.tasks[0].scores[1].reason == "missing: the candidate has no such score"
    assert (outcome.exit_code(), outcome.exit_code(allow_undecided=True)) == (2, 0)


def test_a_collapsed_student_fails(variant) -> None:
    def constant(logits: np.ndarray) -> np.ndarray:
        return np.tile([1.0, 0.0], (len(logits), 1))

    collapsed = read_entries(variant("collapsed", student=constant))
    outcome = gate(collapsed, read_entries(variant("good")), {"kappa": 0.05, "mcc": 0.05})
    assert outcome.count("fail") == 2  # of a constant answer κ and MCC are 0


def test_not_a_number_is_refused(variant) -> None:
    def broken(logits: np.ndarray) -> np.ndarray:
        logits[3] = np.nan
        return logits

    with pytest.raises(BadInputError, match="finite"):
        gate(read_entries(variant("nan", student=broken)), read_entries(variant("good")))


def test_a_fall_within_the_margin_is_undecided_or_passes_by_the_interval(variant) -> None:
    baseline = read_entries(variant("baseline"))
    fallen = gate(read_entries(variant("fallen", wrong=60)), baseline, {"kappa": 0.03, "accuracy": 0.2})
    status = {score.name: score.status for score in fallen.tasks[0].scores}
    assert status == {"accuracy": "pass", "kappa": "fail"}
    little = gate(read_entries(variant("little", wrong=12)), baseline, {"kappa": 0.03})
    assert little.tasks[0].scores[0].status == "undecided"


def written(folder: Path, text: str) -> str:
    path = folder / "margins.toml"
    path.write_text(text)
    return str(path)


def test_margin_files(tmp_path: Path) -> None:
    both = 'schema_version = 1\n[margins]\nkappa = 0.05\ncentred_cosine.lime = 0.03\n"centred_cosine.shap" = "power"\n'
    assert read_margins(written(tmp_path, both)) == {
        "kappa": 0.05,
        "centred_cosine.lime": 0.03,
        "centred_cosine.shap": "power",
    }
    assert built_in() == ("images", "regression", "text")
    for name in built_in():
        assert read_margins(name)
        assert (FOLDER / f"{name}.toml").is_file()


def test_a_family_and_one_of_it(tmp_path, vanilla_kd) -> None:
    text = 'schema_version = 1\n[margins]\ncentred_cosine = 0.04\n"centred_cosine.lime" = 0.03\n'
    outcome = gate({TASK: vanilla_kd.entry}, {TASK: vanilla_kd.entry}, read_margins(written(tmp_path, text)))
    margins = {score.name: score.margin for score in outcome.tasks[0].scores}
    assert margins["centred_cosine.lime"] == 0.03
    assert margins["centred_cosine.shap"] == 0.04
    assert "centred_cosine.random" not in margins


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[margins]\nkappa = 0.1", "schema_version"),
        ("schema_version = 1\n[margins]\n", "at least one"),
        ("schema_version = 1\n[margins]\nkapa = 0.1", "did you mean kappa"),
        ("schema_version = 1\n[margins]\ncentred_cosine.limes = 0.1", "centred_cosine.lime"),
        ("schema_version = 1\n[margins]\nkappa = 0", "a number above 0"),
        ("schema_version = 1\n[margins]\nkappa = nan", "a number above 0"),
        ("schema_version = 1\n[margins]\nkappa = true", "a number above 0"),
        ("schema_version = 1\n[margins]\nkappa_independent = 0.1", "no better direction"),
        ("schema_version = 1\nmargin = 1\n[margins]\nkappa = 0.1", "schema_version"),
        ("not toml", "valid TOML"),
    ],
)
def test_margin_files_that_cannot_be(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadInputError, match=says):
        read_margins(written(tmp_path, text))


def test_a_name_that_is_no_file() -> None:
    with pytest.raises(BadInputError, match="images, regression, text"):
        read_margins("texts")


def test_the_readmes_margins(tmp_path: Path) -> None:
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    block = readme.split("<!-- test: margins -->\n```toml\n")[1].split("```")[0]
    margins = read_margins(written(tmp_path, block))
    assert margins["centred_cosine.lime"] == 0.02
