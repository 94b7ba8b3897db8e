"""Cells, means and pictures, each by hand."""

from __future__ import annotations

from math import sqrt
from typing import get_args

import pytest
from synthetic import METRICS, gate, model, run, score

from xkd_bench.errors import BadInputError
from xkd_bench.leaderboard import cells, columns
from xkd_bench.leaderboard.pages.board import Anchors
from xkd_bench.leaderboard.plots import axes, headline
from xkd_bench.leaderboard.tables.suite import mean_score
from xkd_bench.metrics.contract import Reason
from xkd_bench.records.schema import GateRecord, ModelRecord, RunRecord, ScoreRecord
from xkd_bench.tasks.registry import all_tasks
from xkd_bench.tasks.views import read_view, read_views


def made(value, reason=None, **options):
    return ScoreRecord.model_validate(score(value, reason, **options))


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.5244, "0.524"), (-0.0312, "−0.031"), (-0.0001, "0.000"), (0.0, "0.000"), (1, "1.000"), (1234.56, "1,234.6")],
)
def test_numbers(value, shown):
    assert cells.number(value) == shown


def test_cells_of_scores():
    assert cells.score_cell(made(0.5)) == cells.Cell("0.500", "[0.460, 0.540]", "", "n = 1,000", "0.5")
    flagged = cells.score_cell(made(0.0, "collapsed"))
    assert (flagged.status, flagged.note) == ("flagged", "flagged: collapsed")
    undefined = cells.score_cell(made(None, "teacher_invalid"))
    assert (undefined.text, undefined.note, undefined.sort) == ("–", "undefined: teacher invalid", "")
    assert cells.score_cell(None).note == "not in this record"


def test_a_value_without_an_interval_says_so():
    bare = made(0.5).model_copy(update={"low": None, "high": None})
    assert "no interval" in cells.score_cell(bare).tooltip


def test_cells_of_size_and_speed():
    small, large = (
        ModelRecord.model_validate(model(name, 3, count)) for name, count in (("s", 11_400_000), ("t", 22_800_000))
    )
    assert (cells.size_cell(small, large).text, cells.size_cell(small, large).small) == (
        "11.4 M",
        "3 blocks\n0.50 × teacher",
    )
    assert cells.size_cell(small, None).small == "3 blocks"
    timed = cells.speed_cell(RunRecord.model_validate(run(1.9)))
    assert (timed.text, timed.small, timed.sort) == ("1.90 ×", "702 a second\ncpu", "1.9")
    assert cells.speed_cell(RunRecord.model_validate(run(None))).note == "not timed"
    assert cells.speed_cell(None).note == "not timed"


def test_a_gate_without_words_is_put_into_words():
    record = GateRecord.model_validate(gate("weak", low=-0.02))
    assert cells.gate_words(record) == "the lower end of its MCC is −0.020, not above 0.1"


def test_every_reason_has_words():
    assert set(cells.REASONS) == set(get_args(Reason))


def test_the_mean_of_two_scores_by_hand():
    mean = mean_score([made(0.4, width=0.03), made(0.8, width=0.04, n=500)])
    assert mean.value == pytest.approx(0.6)
    assert mean.low == pytest.approx(0.6 - sqrt(0.03**2 + 0.04**2) / 2)
    assert mean.high == pytest.approx(0.6 + sqrt(0.03**2 + 0.04**2) / 2)
    assert mean.n == 1500
    alone = mean_score([made(0.4)])
    assert (alone.value, alone.low, alone.high) == pytest.approx((0.4, 0.36, 0.44))


def test_a_mean_is_flagged_with_its_parts_and_has_no_interval_without_theirs():
    bare = made(0.5).model_copy(update={"low": None, "high": None})
    assert mean_score([made(0.4), bare]).low is None
    assert mean_score([made(0.4), made(0.0, "collapsed")]).reason == "collapsed"


def test_reading_order_follows_the_groups():
    groups = [card.group for card in columns.in_reading_order(METRICS)]
    assert groups == sorted(groups, key=list(columns.GROUPS).index)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ((0.0, 1.0), "0.0 0.2 0.4 0.6 0.8 1.0"),
        ((-0.03, 0.02), "−0.06 −0.04 −0.02 0.00 0.02 0.04 0.06"),
        ((0.5, 0.5), None),
    ],
)
def test_ticks_are_round_and_surround_the_values(values, labels):
    scale = axes.scale_for(values, 0, 100)
    assert scale.low <= min(values) <= max(values) <= scale.high
    if labels:
        assert [tick.label for tick in scale.ticks()] == labels.split()
    assert scale(scale.low) == pytest.approx(0)
    assert scale(scale.high) == pytest.approx(100)


def test_labels_never_cover_each_other():
    points = [
        headline.Point(f"entry number {row}", (0.5, 0.45, 0.55), (0.4 + row / 500, 0.3, 0.5), False)
        for row in range(30)
    ]
    picture = headline.draw("T", points, across="κ", up="MCC", teacher=0.6)
    assert picture is not None
    shown = [mark for mark in picture.marks if mark.label]
    assert picture.unlabelled == 30 - len(shown) > 0
    boxes = []
    for mark in shown:
        width, x, y = len(mark.label) * headline.LETTER, float(mark.label_x), float(mark.label_y)
        left = x if mark.label_anchor == "start" else x - width
        boxes.append((left + 0.1, y - headline.LINE + 3.1, left + width - 0.1, y + 2.9))
    assert not any(headline.overlaps(box, boxes[:place]) for place, box in enumerate(boxes))


def test_one_point_is_no_picture():
    point = headline.Point("alone", (0.5, None, None), (0.4, None, None), False)
    assert headline.draw("T", [point], across="κ", up="MCC", teacher=None) is None


def test_a_point_beyond_all_scores_is_left_out():
    near = headline.Point("near", (0.5, 0.4, 0.6), (0.4, 0.3, 0.5), False)
    far = headline.Point("far", (1e308, -1e308, 1e308), (0.4, 0.3, 0.5), False)
    picture = headline.draw("T", [near, far, near], across="κ", up="MCC", teacher=None)
    assert picture is not None
    assert len(picture.marks) == 2


def test_anchors_are_plain_and_unique():
    anchors = Anchors()
    assert anchors.new("entry", 'a/B"><') == "entry-a-b"
    assert anchors.new("entry", "a b") == "entry-a-b-2"


def test_our_views_name_registered_tasks_once():
    (glue,) = read_views()
    assert (glue.name, len(glue.members)) == ("glue", 8)
    assert {task for member in glue.members for task in member} <= set(all_tasks())


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ('[["glue/cola"], ["glue/cola"]]', "a task twice"),
        ("[]", "at least 1"),
        ("[[]]", "at least 1"),
        ('[["No Name"]]', "match"),
    ],
)
def test_a_bad_view_is_refused(tmp_path, members, problem):
    path = tmp_path / "bad.toml"
    path.write_text(f'schema_version = 1\nname = "bad"\ntitle = "B"\nsummary = "b"\nmembers = {members}\n')
    with pytest.raises(BadInputError, match=problem):
        read_view(path)
