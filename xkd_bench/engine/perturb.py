"""What becomes of both models' answers when inputs are perturbed: perturbed sets → probe → one table.

Both models see the same inputs. An input that a perturbation cannot change is not asked again: its answer stands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xkd_bench.engine.plan import Plan
from xkd_bench.engine.questions import chosen_positions
from xkd_bench.metrics.contract import FloatArray
from xkd_bench.metrics.tables import PredictionTable
from xkd_bench.models.classifier import LazyClassifier
from xkd_bench.perturbations import registry
from xkd_bench.perturbations.contract import Perturbation
from xkd_bench.perturbations.distance import DistanceUnit, distances
from xkd_bench.perturbations.sets import perturb_example
from xkd_bench.probes.perturbed import perturbed
from xkd_bench.progress import progress
from xkd_bench.records import canonical_json
from xkd_bench.records.examples_table import ExamplesTable
from xkd_bench.records.perturbed_table import PIXEL_STEPS, PerturbedColumns, PerturbedTable, Role
from xkd_bench.records.store import Store
from xkd_bench.tasks.examples import Examples, Input, canonical_line
from xkd_bench.tasks.protocols import PerturbationsCard

# What a whole number of the table stands for.
SCALE: dict[DistanceUnit, int] = {"characters": 1, "words": 1, "pixels": PIXEL_STEPS}


@dataclass(frozen=True)
class Perturbed:
    """The table, and by name of a perturbation the sha256 of the inputs both models were asked."""

    table: PerturbedTable
    digests: dict[str, str]


def perturb(
    plan: Plan, store: Store, predicted: ExamplesTable, positions: Sequence[int] | None = None
) -> Perturbed | None:
    """Ask both models about perturbed inputs; None where the protocol perturbs nothing.

    predicted: answers to the plain inputs, of the models to ask. positions: of the examples to perturb, where they are
    not those that the protocol chooses.
    """
    card = plan.protocol.perturbations
    if card is None:
        return None
    if positions is None:
        positions = chosen_positions(plan.examples, card.examples)
    examples = plan.examples.take(positions)
    forms = Forms(examples, card, plan.protocol.statistics.suite_seed)
    columns, digests = forms.facts()
    digest = canonical_json.content_hash(digests)
    models: dict[Role, tuple[LazyClassifier, PredictionTable]] = {"student": (plan.student, predicted.student)}
    if plan.teacher is not None and predicted.teacher is not None:
        models = {"teacher": (plan.teacher, predicted.teacher), **models}
    for role, (model, plain) in models.items():
        logits = perturbed(model, examples, forms, forms.count, digest, store, f"{role}, perturbed inputs")
        by_name = np.split(logits, len(forms.perturbations), axis=1)
        for one, found in zip(columns.values(), by_name, strict=True):
            one.answers[role] = answers(found, plain.logits[positions], plan.task.card.kind == "regression")
    return Perturbed(PerturbedTable(examples.example_ids, columns), digests)


def answers(logits: FloatArray, plain: FloatArray, regression: bool) -> NDArray[np.int64] | FloatArray:
    """Logits (n, R, C), NaN where the plain ones (n, C) stand → predicted classes or values (n, R)."""
    whole = np.where(np.isnan(logits), plain[:, np.newaxis], logits)
    return whole[..., 0] if regression else np.asarray(whole.argmax(axis=-1), dtype=np.int64)


class Forms:
    """The perturbed forms of examples: of each all draws of the first perturbation, then of the next.

    Those of texts are kept; images are made again each time they are asked for, since many would fill the memory.
    """

    def __init__(self, examples: Examples, card: PerturbationsCard, suite_seed: int) -> None:
        names = card.image if examples.task.modality == "image" else card.text
        self.examples, self.card, self.suite_seed = examples, card, suite_seed
        self.perturbations: list[Perturbation] = [registry.load(name) for name in names]
        self.count = len(names) * card.draws
        self._kept: dict[int, Sequence[Input | None]] = {}

    def __call__(self, position: int) -> Sequence[Input | None]:
        if position in self._kept:
            return self._kept[position]
        found = [
            perturb_example(self.examples, position, perturbation, draw, self.suite_seed, self.card.strength)
            for perturbation in self.perturbations
            for draw in range(self.card.draws)
        ]
        if self.examples.task.modality != "image":
            self._kept[position] = found
        return found

    def facts(self) -> tuple[dict[str, PerturbedColumns], dict[str, str]]:
        """By name of a perturbation: what was applied and how far the inputs moved, and the sha256 of the forms."""
        applied = np.zeros((len(self.examples), self.count), dtype=np.bool_)
        moved: dict[DistanceUnit, NDArray[np.int64]] = {}
        digests = [hashlib.sha256(b"xkd-bench perturbed 1\n") for _ in self.perturbations]
        with progress("perturbing", len(self.examples)) as shown:
            for row, (example_id, plain) in enumerate(
                zip(self.examples.example_ids, self.examples.inputs, strict=True)
            ):
                for place, form in enumerate(self(row)):
                    digests[place // self.card.draws].update(canonical_line(example_id, form or plain))
                    if form is None:
                        continue
                    applied[row, place] = True
                    for unit, distance in distances(plain, form).items():
                        steps = moved.setdefault(unit, np.zeros(applied.shape, dtype=np.int64))
                        steps[row, place] = round(distance * SCALE[unit])
                shown.advance()
        parts = [slice(start, start + self.card.draws) for start in range(0, self.count, self.card.draws)]
        columns = {
            perturbation.card.name: PerturbedColumns(
                applied[:, part], {unit: distance[:, part] for unit, distance in moved.items()}
            )
            for perturbation, part in zip(self.perturbations, parts, strict=True)
        }
        found = (f"sha256:{digest.hexdigest()}" for digest in digests)
        return columns, dict(zip(columns, found, strict=True))
