"""The masking probe: a model's logits for the maskings that explanations ask for, each example's own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from xkd_bench.metrics.contract import FloatArray
from xkd_bench.models.classifier import LazyClassifier
from xkd_bench.probes.masked import Asked, Filling, ask
from xkd_bench.probes.predictions import prediction_key
from xkd_bench.progress import progress
from xkd_bench.records.store import Store
from xkd_bench.tasks.examples import Examples

PROBE = "masking"
PROBE_VERSION = 1
SHARDS_AT_ONCE = 1  # as for the coalitions


def masking(
    classifier: LazyClassifier,
    examples: Examples,
    asked: Sequence[Asked],
    filling: Filling,
    store: Store,
    label: str,
) -> list[FloatArray]:
    """Logits (m, C) of each example's maskings, from the store where they are there; NaN where the model has no token
    to fill with.

    asked: one for each of `examples`, in their order. The key holds the maskings themselves, since they follow from
    explanations and the settings behind them.
    """
    digest = hashlib.sha256()
    for example_id, one in zip(examples.example_ids, asked, strict=True):
        digest.update(f"{example_id} {one.masks.shape}\n".encode() + np.packbits(one.masks).tobytes())
    key = prediction_key(classifier, examples) | {
        "probe_version": PROBE_VERSION,
        "maskings": f"sha256:{digest.hexdigest()}",
        **filling.key(),
    }
    table = store.table(PROBE, key, examples.example_ids)
    with progress(label, sum(len(one.masks) for one in asked), "maskings") as shown:

        def compute(positions: list[int]) -> pa.Table:
            chosen = [asked[i] for i in positions]
            found = ask(classifier.get(), chosen, filling, shown.advance)
            rows = [np.full(len(one.masks) * classifier.card.classes, np.nan) for one in chosen]
            if found is not None:
                rows = [logits.ravel() for logits in found]
            return pa.table({"logits": pa.array([row.astype(np.float32) for row in rows], pa.list_(pa.float32()))})

        def resumed(count: int) -> None:
            shown.advance(round(count / len(asked) * shown.total))

        stored = table.fill(compute, resumed, SHARDS_AT_ONCE)
    return [
        np.asarray(row, dtype=np.float64).reshape(len(one.masks), classifier.card.classes)
        for row, one in zip(stored.column("logits").to_pylist(), asked, strict=True)
    ]
