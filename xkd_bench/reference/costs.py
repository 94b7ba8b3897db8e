"""What a job will cost, predicted before anything is measured: updates, forwards, seconds, bytes.

A forward of an example takes 2 · 12 w² b floating-point operations a token (b blocks of width w, with a feed-forward of
4 w); an update three times that of the student, and the teacher's forward where the method asks for one. Rates are what
runs of ours gave: SST-2 on one thread of an AMD EPYC (108,000 forwards of three MiniLM blocks in 262 s), CIFAR-10 on an
H200 (180,000 of a small ViT in 54 s, all of it overhead); that a large model on a GPU reaches 2e13
operations a second is assumed. Under autocast to bfloat16 a CPU that has instructions for it trains 2.5 times as fast
(MiniLM on MRPC; 2.5 and 2.9 for small ViTs); what a GPU gains is not known here. Finished jobs correct it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from xkd_bench.reference.jobs import Cost
from xkd_bench.reference.suite import RowsCard, ShapeCard
from xkd_bench.tasks.protocols import Protocol

RATES = {"cpu": (1.0e11, 2e-4), "cuda": (2.0e13, 2.8e-4)}  # operations a second, seconds a forward beside them
BFLOAT16 = {"cpu": 2.5, "cuda": 1.0}  # times as fast
START_SECONDS = 8.0  # to import, to load, to write
STATISTICS_SECONDS = 12.0  # resampling 2,000 times
VALUE_BYTES = 24  # of one answer in the store
ROW_BYTES = 8  # of one number in a record


@dataclass(frozen=True)
class Meter:
    """A device, and the data's sizes."""

    device: str
    rows: RowsCard

    def forward(self, shape: ShapeCard) -> float:
        """Seconds of one example through a model, in large batches."""
        rate, overhead = RATES[self.device]
        return overhead + 24 * shape.width**2 * shape.blocks * self.rows.tokens / rate


def parameters(shape: ShapeCard) -> int:
    return shape.embeddings + 12 * shape.width**2 * shape.blocks


def training_cost(
    meter: Meter,
    training: dict[str, Any],
    rows: int,
    student: ShapeCard,
    teacher: ShapeCard | None,
    step: float,
    looked_up: bool,
) -> Cost:
    """teacher: None for a method without one. step: time of a step where student and teacher both run, vanilla_kd = 1,
    as cards say it; of a student alone, or with the teacher's logits looked up, it is three forwards of the student."""
    updates = int(training["epochs"]) * -(-rows // int(training["batch_size"]))
    learned, taught = 3 * meter.forward(student), meter.forward(teacher) if teacher else 0.0
    a_row = learned if teacher is None or looked_up else step * (learned + taught)
    a_row /= BFLOAT16[meter.device] if training["bfloat16"] else 1.0
    seconds = START_SECONDS + updates * int(training["batch_size"]) * a_row + (rows * taught if looked_up else 0.0)
    return Cost(updates, rows if looked_up else 0, seconds, 4 * parameters(student))


@dataclass(frozen=True)
class Asked:
    """Examples that one model is asked: predictions, maskings and gradients (own), with the other's explanations
    (transferred), by the student of random weights (drawn)."""

    predicted: int
    explained: int
    masked: int
    transferred: int
    perturbed: int
    drawn: int

    @property
    def teacher(self) -> int:
        return self.predicted + self.explained + self.masked + self.perturbed

    @property
    def student(self) -> int:
        return self.teacher + self.transferred


def asked(protocol: Protocol, rows: RowsCard, images: bool) -> Asked:
    """What a protocol asks of a model, from the mean number of units; within a tenth of what records say."""
    card, masking, moved = protocol.explanations, protocol.masking, protocol.perturbations
    examples = min(card.examples or rows.evaluation, rows.evaluation)
    each = float(card.steps)
    if card.coalitions is not None:
        sample = max(card.coalitions.sample, card.coalitions.per_unit * rows.units)
        fills = card.coalitions.image_fills if images else card.coalitions.fills
        each += len(fills) * (min(2**rows.units, sample) if rows.units < 60 else sample)
    levels = len(masking.levels) if masking else 0
    ordered = 2 * levels * len(card.explainers)
    orders = masking.random_orders * levels if masking else 0
    kinds = len(moved.image if images else moved.text) if moved else 0
    shown = min((moved.examples if moved else None) or rows.evaluation, rows.evaluation)
    return Asked(
        predicted=rows.evaluation,
        explained=round(examples * each),
        masked=examples * (ordered + orders),
        transferred=examples * ordered,
        perturbed=shown * kinds * (moved.draws if moved else 0),
        drawn=round(min(card.random_student_examples, examples) * each),
    )


def evaluation_cost(meter: Meter, found: Asked, student: ShapeCard) -> Cost:
    forwards = found.student + found.drawn
    disk = forwards * VALUE_BYTES + 2 * (found.student - found.explained) * ROW_BYTES
    seconds = START_SECONDS + STATISTICS_SECONDS + forwards * meter.forward(student)
    return Cost(0, forwards, seconds, disk)


def keeping_cost(meter: Meter, found: Asked, teacher: ShapeCard, retrained: bool) -> Cost:
    """A retrained teacher is not masked or perturbed: only its answers and its reasons are needed."""
    forwards = found.predicted + found.explained if retrained else found.teacher
    return Cost(0, forwards, START_SECONDS + forwards * meter.forward(teacher), forwards * VALUE_BYTES)


def step_of(card: dict[str, Any]) -> float:
    """The number that a method's card begins its cost with."""
    first = str(card.get("cost", "1")).split()[0].strip(":,;")
    try:
        return float(first)
    except ValueError:
        return 1.0
