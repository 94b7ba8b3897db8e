"""Places on the board: by the draws that comparisons rest on, among students of one size, where they mean anything."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xkd_bench.leaderboard.ranks import RESAMPLES, Place, paired_draws, places, size_class
from xkd_bench.records.schema import TaskResult
from xkd_bench.verdicts.entries import Entry, read_entries
from xkd_bench.verdicts.measured import MeasuredEntry, as_quantity
from xkd_bench.verdicts.paired import draws_of

REFERENCE = Path(__file__).parents[2] / "submissions" / "reference"


def entry(name: str, task: str = "glue/sst2") -> Entry:
    return read_entries(REFERENCE / name)[task]


@pytest.mark.parametrize("task", ["glue/sst2", "cifar/cifar10"])
def test_draws_are_those_of_a_comparison_to_the_bit(task: str) -> None:
    one = entry("attrit", task)
    found = paired_draws(one.task)
    measured = MeasuredEntry(one)
    quantities = {name: as_quantity(measured.quantity(name)) for name in found}
    assert len(quantities) >= 10
    again = draws_of(quantities, RESAMPLES, ("ranks", one.result.task.fingerprint))
    for name, drawn in found.items():
        np.testing.assert_array_equal(drawn, again[name])


def test_a_record_without_tables_or_teacher_has_no_draws(tmp_path: Path) -> None:
    one = entry("finetune").task
    assert paired_draws(type(one)(tmp_path, one.result, None)) == {}
    alone = one.result.model_copy(update={"teacher": None})
    assert paired_draws(type(one)(one.folder, alone, None)) == {}


def made(value: float, parameters: int = 17_400_000, **changes: object) -> tuple[TaskResult, dict[str, np.ndarray]]:
    """The committed record with another accuracy, and draws around it."""
    result = entry("finetune").result
    score = result.scores["accuracy"].model_copy(update={"value": value, **changes})
    student = result.student.model_copy(update={"parameters": parameters})
    draws = value + 0.005 * np.random.default_rng(round(value * 1000)).standard_normal(1 + RESAMPLES)
    draws[0] = value
    return result.model_copy(update={"scores": {"accuracy": score}, "student": student}), {"accuracy": draws}


def test_places_by_class_of_size_with_lower_scores_the_other_way_round() -> None:
    rows = [made(0.9), made(0.899), made(0.8), made(0.5, 5_000_000)]
    found = [one["accuracy"] for one in places(rows, ["accuracy"])]
    assert found == [Place(1, 2, 3), Place(1, 2, 3), Place(3, 3, 3), Place(1, 1, 1)]
    assert [str(one) for one in found] == ["1–2", "1–2", "3", "1"]
    lower = [one["accuracy"] for one in places(rows, ["accuracy"], frozenset({"accuracy"}))]
    assert lower == [Place(2, 3, 3), Place(2, 3, 3), Place(1, 1, 3), Place(1, 1, 1)]


def test_what_cannot_be_ranked_has_no_place_and_takes_none() -> None:
    weak, draws = made(0.95)
    gate = weak.gate["student"].model_copy(update={"status": "weak"})
    weak = weak.model_copy(update={"gate": {"student": gate}})
    flagged = made(0.97, status="flagged", reason="collapsed")
    lost = made(0.99)[0], {}
    found = places([made(0.9), (weak, draws), flagged, lost], ["accuracy"])
    assert found == [{"accuracy": Place(1, 1, 1)}, {}, {}, {}]


def test_classes_of_size() -> None:
    assert [size_class(n) for n in (1, 10_000_000, 10_000_001, 66_000_000, 110_000_000, 10**9)] == [0, 0, 1, 2, 3, 4]
