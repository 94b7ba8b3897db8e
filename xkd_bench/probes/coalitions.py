"""The coalitions probe: a model's logits for maskings of each example's words or patches, the same for every model.

One table serves LIME, Shapley values, occlusion, coalition fidelity and counterfactual agreement: they are functions of
(masks, values). The table holds logits, not the explained scalar, so that it does not depend on the target or on the
partner a model is compared with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from xkd_bench.explainers.coalitions import Coalitions, plan_coalitions
from xkd_bench.explainers.token_scores import unit_of_tokens
from xkd_bench.metrics.contract import FloatArray, Reason
from xkd_bench.models.classifier import LazyClassifier
from xkd_bench.models.encoding import Encoder
from xkd_bench.probes.masked import Asked, Filling, Units, ask, input_and_units
from xkd_bench.probes.predictions import prediction_key
from xkd_bench.progress import progress
from xkd_bench.records.store import Store
from xkd_bench.tasks.examples import Examples, Input

PROBE = "coalitions"
PROBE_VERSION = 2
SHARDS_AT_ONCE = 1  # 64 examples are up to 65,000 maskings: full batches, and little lost when a run is killed


@dataclass(frozen=True)
class CoalitionSettings:
    """all_up_to: evaluate all 2ⁿ maskings where they are at most so many, else a sample of `sample`, and of at least
    `per_unit` · n."""

    suite_seed: int
    all_up_to: int
    sample: int
    per_unit: int = 8
    filling: Filling = field(default_factory=Filling)

    def sample_of(self, units: int) -> int:
        return max(self.sample, self.per_unit * units)

    def key(self) -> dict[str, Any]:
        """What of it a row depends on."""
        return {
            "suite_seed": self.suite_seed,
            "all_up_to": self.all_up_to,
            "sample": self.sample,
            "per_unit": self.per_unit,
        } | self.filling.key()


@dataclass(frozen=True)
class Planned:
    """What is asked about one example, whatever the model: the input, its n units and the maskings (m, n)."""

    example_id: str
    input: Input
    units: Units
    coalitions: Coalitions


@dataclass(frozen=True)
class ExampleCoalitions:
    """One example: what was asked, the model's logits (m, C), and which units it saw at all, (n,).

    reason: why there are no logits to use: `not_measured` for a model without a mask token, `non_finite`.
    """

    planned: Planned
    logits: FloatArray
    covered: np.ndarray[Any, np.dtype[np.bool_]]
    reason: Reason | None


def plan_maskings(examples: Examples, settings: CoalitionSettings) -> list[Planned]:
    """Units and maskings of every example: a function of the input, its id, the task and the settings."""
    found = []
    for example_id, row in zip(examples.example_ids, examples.inputs, strict=True):
        input, units = input_and_units(row, examples.task.inputs.max_length, settings.filling.grid)
        seed_words = (settings.suite_seed, examples.fingerprint, example_id)
        plan = plan_coalitions(len(units), settings.all_up_to, settings.sample_of(len(units)), seed_words)
        found.append(Planned(example_id, input, units, plan))
    return found


def coalitions(
    classifier: LazyClassifier, examples: Examples, settings: CoalitionSettings, store: Store, label: str
) -> list[ExampleCoalitions]:
    """The table of one model, from the store where it is there. Equal texts, within and across examples, run once."""
    key = prediction_key(classifier, examples) | {"probe_version": PROBE_VERSION} | settings.key()
    table = store.table(PROBE, key, examples.example_ids)
    planned = plan_maskings(examples, settings)
    with progress(label, sum(len(plan.coalitions.masks) for plan in planned), "maskings") as shown:

        def compute(positions: list[int]) -> pa.Table:
            chosen = [planned[i] for i in positions]
            questions = [Asked(plan.input, plan.units, plan.coalitions.masks) for plan in chosen]
            measured = ask(classifier.get(), questions, settings.filling, shown.advance)
            logits = [np.empty(0, np.float32)] * len(chosen) if measured is None else [_flat(rows) for rows in measured]
            covered = covered_units(classifier.get().encoder, chosen)
            return pa.table(
                {"logits": pa.array(logits, pa.list_(pa.float32())), "covered": pa.array(covered, pa.list_(pa.bool_()))}
            )

        def resumed(count: int) -> None:
            shown.advance(round(count / len(planned) * shown.total))

        stored = table.fill(compute, resumed, SHARDS_AT_ONCE)
    classes = classifier.card.classes
    return [
        _example(plan, np.asarray(logits, dtype=np.float64), covered, classes)
        for plan, logits, covered in zip(
            planned, stored.column("logits").to_pylist(), stored.column("covered").to_pylist(), strict=True
        )
    ]


def covered_units(encoder: Encoder, planned: Sequence[Planned]) -> list[list[bool]]:
    """Which units of each text the encoder's window holds; all, where a tokenizer does not say where its tokens lie."""
    spans = encoder.spans([plan.input for plan in planned])
    if spans is None:
        return [[True] * len(plan.units) for plan in planned]
    words = [Asked(plan.input, plan.units, plan.coalitions.masks).words for plan in planned]
    return [unit_of_tokens(own, *of_tokens)[1].tolist() for own, of_tokens in zip(words, spans, strict=True)]


def _flat(logits: FloatArray) -> np.ndarray[Any, np.dtype[np.float32]]:
    return logits.astype(np.float32).ravel()


def _example(plan: Planned, logits: FloatArray, covered: list[bool], classes: int) -> ExampleCoalitions:
    reason: Reason | None = None
    if not len(logits):
        reason, logits = "not_measured", np.zeros((len(plan.coalitions.masks), classes)).ravel()
    elif not np.isfinite(logits).all():
        reason = "non_finite"
    rows = logits.reshape(len(plan.coalitions.masks), classes)
    return ExampleCoalitions(plan, rows, np.asarray(covered, dtype=np.bool_), reason)


def log_odds(logits: FloatArray, target: int) -> FloatArray:
    """The explained scalar z_c − logsumexp_{k ≠ c} z_k of each row, (m, C) → (m,): the log-odds of class `target`.

    For two classes it is the difference of the logits; for a regression (C = 1) the prediction itself.
    """
    if logits.shape[1] == 1:
        return logits[:, 0]
    others = np.delete(logits, target, axis=1)
    largest = others.max(axis=1)
    return np.asarray(logits[:, target] - largest - np.log(np.exp(others - largest[:, None]).sum(axis=1)))
