"""The coalitions probe: a model's logits for maskings of the words of each example, the same maskings for every model.

One table serves LIME, Shapley values, occlusion, coalition fidelity and counterfactual agreement: they are functions of
(masks, values). The table holds logits, not the explained scalar, so that it does not depend on the target or on the
partner a model is compared with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from xkd_bench.errors import NonFiniteError
from xkd_bench.explainers.coalitions import Coalitions, plan_coalitions
from xkd_bench.explainers.masked_text import DELETE, distinct, masked_texts
from xkd_bench.explainers.units import Unit, units_of
from xkd_bench.metrics.contract import FloatArray
from xkd_bench.models.classifier import LazyClassifier
from xkd_bench.probes.predictions import DECIMALS, prediction_key
from xkd_bench.progress import progress
from xkd_bench.records.store import Store
from xkd_bench.tasks.examples import Examples, TextInput

PROBE = "coalitions"
PROBE_VERSION = 1
SHARDS_AT_ONCE = 1  # 64 examples are up to 65,000 maskings: full batches, and little lost when a run is killed


@dataclass(frozen=True)
class CoalitionSettings:
    """all_up_to: evaluate all 2ⁿ maskings where they are at most so many, else a sample of `sample`. fill: `delete`, or
    a token that takes the place of a masked word."""

    suite_seed: int
    all_up_to: int
    sample: int
    fill: str = DELETE


@dataclass(frozen=True)
class ExampleCoalitions:
    """One example: its words, the maskings (m, n) and the model's logits (m, C) for each."""

    example_id: str
    units: tuple[Unit, ...]
    coalitions: Coalitions
    logits: FloatArray


def maskings_of(examples: Examples, settings: CoalitionSettings) -> list[tuple[tuple[Unit, ...], Coalitions]]:
    """Words and maskings of every example: a function of the text, its id and the settings, whatever the model."""
    found = []
    for example_id, row in zip(examples.example_ids, examples.inputs, strict=True):
        if not isinstance(row, TextInput):
            raise TypeError("the coalitions of words need texts")
        units = units_of(row)
        seed_words = (settings.suite_seed, examples.fingerprint, example_id)
        found.append((units, plan_coalitions(len(units), settings.all_up_to, settings.sample, seed_words)))
    return found


def coalitions(
    classifier: LazyClassifier, examples: Examples, settings: CoalitionSettings, store: Store, label: str
) -> list[ExampleCoalitions]:
    """The table of one model, from the store where it is there. Equal texts, within and across examples, run once.

    Raises `NonFiniteError` naming the first example whose logits are not finite; nothing of its shard is stored.
    """
    key = prediction_key(classifier, examples) | {
        "probe_version": PROBE_VERSION,
        "suite_seed": settings.suite_seed,
        "all_up_to": settings.all_up_to,
        "sample": settings.sample,
        "fill": settings.fill,
    }
    table = store.table(PROBE, key, examples.example_ids)
    planned = maskings_of(examples, settings)
    with progress(label, sum(len(plan.masks) for _, plan in planned), "maskings") as shown:

        def compute(positions: list[int]) -> pa.Table:
            logits = _measure(classifier, examples, planned, positions, settings.fill)
            shown.advance(sum(len(planned[i][1].masks) for i in positions))
            flat = [rows.astype(np.float32).ravel() for rows in logits]
            return pa.table({"logits": pa.array(flat, pa.list_(pa.float32()))})

        stored = table.fill(compute, shards_at_once=SHARDS_AT_ONCE)
    classes = classifier.card.classes
    flat = [np.asarray(row, dtype=np.float64) for row in stored.column("logits").to_pylist()]
    return [
        ExampleCoalitions(example_id, units, plan, row.reshape(len(plan.masks), classes))
        for example_id, (units, plan), row in zip(examples.example_ids, planned, flat, strict=True)
    ]


def _measure(
    classifier: LazyClassifier,
    examples: Examples,
    planned: Sequence[tuple[tuple[Unit, ...], Coalitions]],
    positions: Sequence[int],
    fill: str,
) -> list[FloatArray]:
    """Logits (m, C) of each example, rounded; the masked texts of all of them go through the model together."""
    texts: list[TextInput] = []
    for i in positions:
        row = examples.inputs[i]
        assert isinstance(row, TextInput)
        texts += masked_texts(row, planned[i][0], planned[i][1].masks, fill)
    unique, inverse = distinct(texts)
    logits = np.round(classifier.get().logits(unique)[inverse], DECIMALS)
    ends = np.cumsum([len(planned[i][1].masks) for i in positions])
    found = np.split(logits, ends[:-1])
    for i, rows in zip(positions, found, strict=True):
        if not np.isfinite(rows).all():
            raise NonFiniteError(
                where=classifier.checkpoint.location,
                expected="finite logits for every masking",
                found=f"NaN or infinity for example id {examples.example_ids[i]!r}",
                fix="check the weights (was the training stable?)",
            )
    return found


def log_odds(logits: FloatArray, target: int) -> FloatArray:
    """The explained scalar z_c − logsumexp_{k ≠ c} z_k of each row, (m, C) → (m,): the log-odds of class `target`.

    For two classes it is the difference of the logits; for a regression (C = 1) the prediction itself.
    """
    if logits.shape[1] == 1:
        return logits[:, 0]
    others = np.delete(logits, target, axis=1)
    largest = others.max(axis=1)
    return np.asarray(logits[:, target] - largest - np.log(np.exp(others - largest[:, None]).sum(axis=1)))
