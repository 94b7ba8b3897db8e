"""The predictions probe: a model's logits for every example of a split."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa

from xkd_bench.errors import NonFiniteError
from xkd_bench.metrics.tables import PredictionTable
from xkd_bench.models.classifier import LazyClassifier
from xkd_bench.progress import progress
from xkd_bench.records.store import Store
from xkd_bench.tasks.examples import Examples

PROBE = "predictions"
PROBE_VERSION = 1
DECIMALS = 5  # logits are rounded before anything is scored from them, so that a record holds what was scored


def library_versions() -> dict[str, str]:
    """Versions of the libraries that can change a logit."""
    return {name: version(name) for name in ("torch", "transformers", "tokenizers")}


def prediction_key(classifier: LazyClassifier, examples: Examples) -> dict[str, Any]:
    """Everything a row of this probe depends on."""
    card = classifier.card
    return {
        "probe_version": PROBE_VERSION,
        "checkpoint": classifier.identity,
        "data": examples.fingerprint,
        "inputs": card.inputs.model_dump(),
        "label_columns": list(classifier.order.columns),
        "dtype": classifier.runtime.dtype,
        "device": classifier.runtime.device,
        "libraries": library_versions(),
    }


def predictions(classifier: LazyClassifier, examples: Examples, store: Store, label: str) -> PredictionTable:
    """Logits for all `examples`, from the store where they are there, from the model where not.

    Raises `NonFiniteError` naming the first example whose logits are NaN or infinite; nothing of it is stored.
    """
    table = store.table(PROBE, prediction_key(classifier, examples), examples.example_ids)
    with progress(label, len(examples)) as shown:

        def compute(positions: list[int]) -> pa.Table:
            logits = classifier.get().logits([examples.inputs[i] for i in positions], shown.advance)
            _check_finite(logits, [examples.example_ids[i] for i in positions], classifier)
            return pa.table({"logits": pa.array(list(logits.astype(np.float32)), pa.list_(pa.float32()))})

        stored = table.fill(compute, shown.advance)
    logits = np.asarray(stored.column("logits").to_pylist(), dtype=np.float64)
    # float32 as a record stores it: what is scored now is bit for bit what is read back later.
    rounded = np.round(logits, DECIMALS).astype(np.float32).astype(np.float64)
    return PredictionTable(tuple(stored.column("example_id").to_pylist()), rounded)


def _check_finite(logits: np.ndarray[Any, Any], example_ids: list[str], classifier: LazyClassifier) -> None:
    bad = ~np.isfinite(logits).all(axis=1)
    if bad.any():
        raise NonFiniteError(
            where=classifier.checkpoint.location,
            expected="finite logits for every example",
            found=f"NaN or infinity for {int(bad.sum())} of {len(bad)} examples, the first being id "
            f"{example_ids[int(bad.argmax())]!r}",
            fix="check the weights (was the training stable?)"
            + (", or try --dtype float32" if classifier.runtime.dtype != "float32" else ""),
        )
