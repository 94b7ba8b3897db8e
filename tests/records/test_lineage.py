"""What a lineage says of a student's training, in words."""

from __future__ import annotations

from typing import Any

from xkd_bench.records.lineage import trained_to_agree
from xkd_bench.records.schema import LineageRecord

HASH = "sha256:" + "0" * 64


def lineage(**declared: Any) -> LineageRecord:
    return LineageRecord(
        method="own", task="demo/grammar", train_split="train", train_fingerprint=HASH, train_rows=1, seed=0,
        student_start=HASH, layers=None, teacher=HASH, settings={}, training={}, updates=1, xkd_bench="0", libraries={},
        **declared,
    )  # fmt: skip


def test_nothing_is_said_of_a_student_that_was_trained_on_answers() -> None:
    assert trained_to_agree(lineage(), str.upper) == ""
    assert trained_to_agree(None, str.upper) == ""


def test_what_could_raise_a_score_is_said() -> None:
    found = trained_to_agree(
        lineage(trained_on_explainers=("ats", "globenc"), augmentation=("swapped words",), masks_inputs=True), str.upper
    )
    assert "its teacher's ATS and GLOBENC" in found
    assert "added inputs (swapped words)" in found
    assert "masked inputs" in found


def test_a_lineage_of_an_earlier_version_has_declared_nothing() -> None:
    told = lineage().model_dump(exclude={"trained_on_explainers", "augmentation", "masks_inputs"})
    assert LineageRecord.model_validate(told) == lineage()
