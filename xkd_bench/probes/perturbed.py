"""The probe of perturbed inputs: a model's logits for every perturbed form of each example."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from xkd_bench.explainers.masked_text import distinct
from xkd_bench.metrics.contract import FloatArray
from xkd_bench.models.classifier import Classifier, LazyClassifier
from xkd_bench.probes.predictions import DECIMALS, prediction_key
from xkd_bench.progress import progress
from xkd_bench.records.store import Store
from xkd_bench.tasks.examples import Examples, Input, TextInput

PROBE = "perturbed"
PROBE_VERSION = 1
SHARDS_AT_ONCE = 4

# Position of an example → its perturbed forms, None where one is the plain input.
Forms = Callable[[int], Sequence[Input | None]]


def perturbed(
    classifier: LazyClassifier, examples: Examples, forms: Forms, count: int, digest: str, store: Store, label: str
) -> FloatArray:
    """Logits (n, count, C), rounded, from the store where they are there; NaN where the form is the plain input.

    Equal texts run once. forms: `count` for each of `examples`; digest: sha256 of all of them.
    """
    key = prediction_key(classifier, examples) | {"probe_version": PROBE_VERSION, "forms": digest}
    table = store.table(PROBE, key, examples.example_ids)
    classes = classifier.card.classes
    of_texts = examples.task.modality != "image"
    with progress(label, len(examples) * count, "inputs") as shown:

        def compute(positions: list[int]) -> pa.Table:
            # Prepared for a model an image is a megabyte, so those of one example at a time.
            groups = [positions] if of_texts else [[position] for position in positions]
            found = [
                _ask(classifier.get(), [form for position in group for form in forms(position)], shown.advance)
                for group in groups
            ]
            rows = np.concatenate(found).reshape(len(positions), count * classes).astype(np.float32)
            return pa.table({"logits": pa.array(list(rows), pa.list_(pa.float32()))})

        stored = table.fill(compute, lambda done: shown.advance(done * count), SHARDS_AT_ONCE)
    logits = np.asarray(stored.column("logits").to_pylist(), dtype=np.float64)
    return logits.reshape(len(examples), count, classes)


def _ask(model: Classifier, forms: Sequence[Input | None], advance: Callable[[int], None]) -> FloatArray:
    logits = np.full((len(forms), model.card.classes), np.nan)
    places = [place for place, form in enumerate(forms) if form is not None]
    asked = [form for form in forms if form is not None]
    texts = [form for form in asked if isinstance(form, TextInput)]
    unique, inverse = distinct(texts) if texts else (tuple(asked), np.arange(len(asked)))
    advance(len(forms) - len(unique))
    logits[places] = np.round(model.logits(unique, advance)[inverse], DECIMALS)
    return logits
