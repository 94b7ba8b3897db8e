"""Scores derived again from committed tables are those of the record, draw by draw."""

from __future__ import annotations

import pytest

from xkd_bench.errors import BadInputError
from xkd_bench.records.findings import SubmissionError
from xkd_bench.statistics.intervals import percentile_interval
from xkd_bench.verdicts.entries import read_entries
from xkd_bench.verdicts.measured import MeasuredEntry
from xkd_bench.verdicts.paired import draws_of


def test_every_score_is_the_records_with_its_interval(vanilla_kd: MeasuredEntry) -> None:
    scores = vanilla_kd.entry.result.scores
    own = [name for name in scores if not name.startswith(("teacher.", "transfer."))]
    assert sorted(vanilla_kd.names) == sorted(own)
    found = {name: vanilla_kd.quantity(name) for name in own}  # raises where a value is not the record's
    quantities = {name: one for name, one in found.items() if not isinstance(one, str)}
    assert len(quantities) > 100
    for name, drawn in draws_of(quantities, 2000, vanilla_kd.seed_words).items():
        if scores[name].low is not None:
            assert percentile_interval(drawn[1:]) == pytest.approx((scores[name].low, scores[name].high), rel=1e-8), (
                name
            )
        assert quantities[name].n == scores[name].n, name


def test_a_number_that_the_tables_do_not_give_is_refused(variant) -> None:
    folder = variant("edited", edit=lambda record: record["scores"]["kappa"].update(value=0.99))
    measured = MeasuredEntry(read_entries(folder)["glue/sst2"])
    measured.quantity("mcc")
    with pytest.raises(SubmissionError, match="score-differs"):
        measured.quantity("kappa")


def test_a_table_that_is_not_the_records_is_refused(variant) -> None:
    folder = variant("other", edit=lambda record: record["examples"].update(sha256="sha256:" + "0" * 64))
    with pytest.raises(SubmissionError, match="wrong-hash"):
        MeasuredEntry(read_entries(folder)["glue/sst2"])


def test_pairs_have_no_score_below_an_invalid_teacher(variant) -> None:
    folder = variant("few", rows=slice(0, 12))  # twelve examples cannot show that a teacher is better than chance
    measured = MeasuredEntry(read_entries(folder)["glue/sst2"])
    assert measured.why_no_pair in (None, "teacher_invalid")


def test_reading_says_what_is_missing(tmp_path, variant) -> None:
    with pytest.raises(BadInputError, match="no such folder"):
        read_entries(tmp_path / "nowhere")
    with pytest.raises(BadInputError, match="glue/sst2"):
        read_entries(variant("one"), "cola")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInputError):
        read_entries(tmp_path / "empty")
