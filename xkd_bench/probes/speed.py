"""The speed probe: examples a second of both models on the same examples, in turn in one process."""

from __future__ import annotations

from dataclasses import dataclass

from xkd_bench.models.classifier import LazyClassifier, time_side_by_side
from xkd_bench.randomness import hash_order
from xkd_bench.records.schema import SpeedRecord
from xkd_bench.tasks.examples import Examples

EXAMPLES = 128
ROUNDS = 3


@dataclass(frozen=True)
class Speed:
    """What was timed, and the forward passes that went into it (None and none where nothing was)."""

    record: SpeedRecord
    forwards: dict[str, int]


def measure_speed(
    student: LazyClassifier, teacher: LazyClassifier | None, examples: Examples, timing: bool | None
) -> Speed:
    """Time the models on 128 examples chosen by a hash of the id.

    timing: None times only where the teacher was loaded anyway, so that judging a second student costs the teacher
    nothing. A single model's rate says little on a machine that does other things too; the ratio does.
    """
    if teacher is not None and teacher.checkpoint.reference:
        teacher = None  # there is nothing to time
    wanted = timing if timing is not None else (teacher is None or teacher.loaded)
    if not wanted:
        note = "not timed: the teacher's predictions were in the store; --timing runs both side by side"
        record = SpeedRecord(student=None, teacher=None, ratio=None, examples=0, rounds=0, note=note)
        return Speed(record, {"student": 0, "teacher": 0})
    chosen = hash_order(examples.example_ids, "timing")[:EXAMPLES]
    inputs = [examples.inputs[i] for i in chosen]
    rates = time_side_by_side([model.get() for model in (student, teacher) if model is not None], inputs, ROUNDS)
    teacher_rate = rates[1] if teacher is not None else None
    forwards = (ROUNDS + 1) * len(inputs)
    record = SpeedRecord(
        student=rates[0],
        teacher=teacher_rate,
        ratio=rates[0] / teacher_rate if teacher_rate else None,
        examples=len(inputs),
        rounds=ROUNDS,
        note="examples a second, both models in turn in one process, median of the rounds",
    )
    return Speed(record, {"student": forwards, "teacher": forwards if teacher is not None else 0})
