"""Comparisons of committed entries, of seeds, and of what cannot be compared."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from xkd_bench.errors import BadInputError
from xkd_bench.verdicts.as_json import as_text
from xkd_bench.verdicts.changed_examples import changed_examples
from xkd_bench.verdicts.compare import compare
from xkd_bench.verdicts.entries import Entry, read_entries
from xkd_bench.verdicts.markdown import outcome_markdown
from xkd_bench.verdicts.measured import MeasuredEntry
from xkd_bench.verdicts.outcome import Outcome

NAMES = ("mcc", "accuracy", "kappa", "centred_cosine", "flip_kappa.word_swap")


def group(measured: MeasuredEntry) -> list[dict[str, Entry]]:
    return [{"glue/sst2": measured.entry}]


@pytest.fixture(scope="module")
def outcome(vanilla_kd: MeasuredEntry, attn_last: MeasuredEntry) -> Outcome:
    return compare([group(vanilla_kd), group(attn_last)], NAMES, {"centred_cosine.input_x_gradient": 0.05})


def test_values_are_the_records_and_accuracy_agrees_with_mcnemar(outcome, vanilla_kd, attn_last) -> None:
    scores = {score.name: score for score in outcome.compared[0].scores}
    assert scores["kappa"].first.value == pytest.approx(vanilla_kd.entry.result.scores["kappa"].value)
    assert scores["kappa"].second.value == pytest.approx(attn_last.entry.result.scores["kappa"].value)
    # The swap test of accuracy is McNemar's exact test of the examples that one of the two gets right.
    right = [one.student.predicted == one.student.labels for one in (vanilla_kd, attn_last)]
    lost, won = int((right[0] & ~right[1]).sum()), int((~right[0] & right[1]).sum())
    exact = stats.binomtest(won, won + lost).pvalue
    assert scores["accuracy"].p_value == pytest.approx(exact, abs=0.02)
    assert scores["accuracy"].difference == pytest.approx((won - lost) / 872)


def test_intervals_agree_with_scipy(outcome, vanilla_kd, attn_last) -> None:
    score = next(one for one in outcome.compared[0].scores if one.name == "centred_cosine.attention")
    difference = np.array(attn_last.quantity(score.name).columns[:, 0] - vanilla_kd.quantity(score.name).columns[:, 0])
    theirs = stats.bootstrap(
        (difference,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(0)
    ).confidence_interval
    assert (score.low, score.high) == pytest.approx((theirs.low, theirs.high), abs=0.001)
    assert score.standard_error == pytest.approx(difference.std() / np.sqrt(len(difference)), rel=0.05)
    t = stats.ttest_1samp(difference, 0).pvalue
    assert score.p_value == pytest.approx(t, abs=0.02)


def test_a_lost_reason_is_found_where_answers_are_within_noise(outcome) -> None:
    verdicts = {score.name: score.verdict for score in outcome.compared[0].scores}
    assert verdicts["accuracy"] == verdicts["mcc"] == verdicts["kappa"] == "not separable"
    assert verdicts["centred_cosine.globenc"] == "worse"
    assert verdicts["centred_cosine.input_x_gradient"] == "equivalent"
    assert "centred_cosine.random" not in verdicts


def test_turned_round_everything_changes_its_sign(outcome, vanilla_kd, attn_last) -> None:
    back = compare([group(attn_last), group(vanilla_kd)], ("kappa", "centred_cosine.globenc"))
    there = {score.name: score for score in outcome.compared[0].scores}
    for score in back.compared[0].scores:
        assert score.difference == -there[score.name].difference
        # BCa mirrors up to the interpolation between draws.
        assert (score.low, score.high) == pytest.approx((-there[score.name].high, -there[score.name].low), abs=1e-6)


def test_an_entry_against_itself(vanilla_kd) -> None:
    task = compare([group(vanilla_kd), group(vanilla_kd)], ("kappa", "centred_cosine.lime"), {"kappa": 0.01}).compared[
        0
    ]
    assert [(one.difference, one.low, one.high, one.p_value) for one in task.scores] == [(0.0, 0.0, 0.0, 1.0)] * 2
    assert {one.name: one.verdict for one in task.scores} == {
        "kappa": "equivalent",
        "centred_cosine.lime": "not separable",
    }
    assert task.remarks == ("both records are of the same weights",)
    assert task.changed.flips == 0


def test_same_records_same_bytes(outcome, vanilla_kd, attn_last) -> None:
    again = compare([group(vanilla_kd), group(attn_last)], NAMES, {"centred_cosine.input_x_gradient": 0.05})
    assert as_text(again) == as_text(outcome)
    assert json.loads(as_text(outcome))["compared"][0]["task"] == "glue/sst2"
    assert outcome_markdown(again) == outcome_markdown(outcome)


def test_examples_that_changed(vanilla_kd, attn_last) -> None:
    found = changed_examples(vanilla_kd, attn_last, "fell")
    assert found.explainer == "globenc"
    assert found.flips == int((vanilla_kd.student.predicted != attn_last.student.predicted).sum())
    assert all(one.before != one.after for one in found.flipped)
    changes = [abs(one.change) for one in found.moved]
    assert changes == sorted(changes, reverse=True)
    assert all(one.same_answer and one.change < 0 for one in found.kept_answer_lost_reason)


def test_another_track_is_refused_with_the_reason(variant, vanilla_kd) -> None:
    def other_teacher(record) -> None:
        record["teacher"]["hash"] = "sha256:" + "1" * 64

    folder = variant("other", edit=other_teacher)
    with pytest.raises(BadInputError, match=r"another teacher: .* against 1111111111"):
        compare([group(vanilla_kd), [read_entries(folder)]])
    both = compare([group(vanilla_kd), [read_entries(folder)], group(vanilla_kd)], ("kappa",))
    assert [one.reasons[0].partition(":")[0] for one in both.not_comparable] == ["another teacher"]
    assert len(both.compared) == 1


def test_three_seeds_of_two_methods(variant) -> None:
    def method(name: str, wrong: int) -> list[dict[str, Entry]]:
        return [read_entries(variant(f"{name}{seed}", wrong=wrong + 3 * seed, seed=seed)) for seed in (0, 1, 2)]

    first, second = method("a", 0), list(reversed(method("b", 40)))
    task = compare([first, second], ("kappa", "accuracy")).compared[0]
    score = task.scores[-1]
    assert task.seeds == (3, 3)
    assert "seeds are paired by their number" in task.remarks
    assert len(score.first.seeds) == 3
    assert score.seeds.pairs == 3
    assert score.seeds.p_value == score.seeds.smallest_p_value == 0.25
    assert score.verdict == "worse"  # 40 more wrong answers of 872, whichever seed
    assert score.low < score.difference < score.high < 0
    alone = compare([first[:1], second[-1:]], ("kappa",)).compared[0]
    assert alone.scores[0].seeds is None
    with pytest.raises(BadInputError, match="the same weights twice"):
        compare([[first[0], first[0]], second], ("kappa",))
    # With one seed against three there are no pairs, and an interval all the same.
    uneven = compare([first[:1], second], ("kappa",)).compared[0].scores[0]
    assert uneven.seeds.p_value is None
    assert uneven.low < uneven.high


@pytest.mark.parametrize(
    ("metrics", "margins", "says"),
    [
        (("kapa",), {}, "did you mean"),
        (("kappa",), {"mcc": 0.1}, "--margin"),
        (("kappa",), {"kappa": -1.0}, "a number above 0"),
    ],
)
def test_names_and_margins_that_cannot_be(vanilla_kd, attn_last, metrics, margins, says) -> None:
    with pytest.raises(BadInputError, match=says):
        compare([group(vanilla_kd), group(attn_last)], metrics, margins)


def test_nothing_to_compare(vanilla_kd) -> None:
    with pytest.raises(BadInputError, match="two submissions"):
        compare([group(vanilla_kd)])
