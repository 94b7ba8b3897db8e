"""The explanations probe: scores of an explainer that runs the model, one row an example."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
import pyarrow as pa

from xkd_bench.explainers.contract import ExplainerSettings, Explanation, ModelExplainer, Question
from xkd_bench.models.classifier import LazyClassifier
from xkd_bench.probes.predictions import prediction_key
from xkd_bench.progress import progress
from xkd_bench.records import canonical_json
from xkd_bench.records.store import Store
from xkd_bench.tasks.examples import Examples

PROBE = "explanations"
PROBE_VERSION = 1
SHARDS_AT_ONCE = 1  # 64 examples of integrated gradients are a thousand passes: full batches, little lost


def explanations(
    classifier: LazyClassifier,
    examples: Examples,
    questions: Sequence[Question],
    explainer: ModelExplainer,
    settings: ExplainerSettings,
    store: Store,
    label: str,
) -> list[Explanation]:
    """One explanation for each question, from the store where it is there, from the model where not.

    questions: one for each of `examples`, in their order. Scores come back as 32-bit numbers.
    """
    key = prediction_key(classifier, examples) | {
        "probe_version": PROBE_VERSION,
        "explainer": explainer.card.name,
        "explainer_version": explainer.version,
        "explainer_libraries": {name: version(name) for name in explainer.libraries},
        "settings": dict(explainer.depends_on(settings)),
        "targets": canonical_json.content_hash([question.target for question in questions]),
    }
    table = store.table(PROBE, key, examples.example_ids)
    with progress(label, len(questions)) as shown:

        def compute(positions: list[int]) -> pa.Table:
            asked = [questions[i] for i in positions]
            return _rows(explainer.explain(classifier.get(), asked, settings, shown.advance))

        stored = table.fill(compute, shown.advance, SHARDS_AT_ONCE)
    return [_explanation(*row) for row in zip(*(stored.column(name).to_pylist() for name in _COLUMNS), strict=True)]


_COLUMNS = ("scores", "covered", "reason", "notes")


def _rows(found: Sequence[Explanation]) -> pa.Table:
    return pa.table(
        {
            "scores": pa.array([one.scores.astype(np.float32) for one in found], pa.list_(pa.float32())),
            "covered": pa.array([one.covered.tolist() for one in found], pa.list_(pa.bool_())),
            "reason": pa.array([one.reason for one in found], pa.string()),
            "notes": pa.array([json.dumps(dict(one.notes)) for one in found], pa.string()),
        }
    )


def _explanation(scores: list[float], covered: list[bool], reason: str | None, notes: str) -> Explanation:
    values = np.asarray(scores, dtype=np.float64)
    return Explanation(values, np.asarray(covered, dtype=np.bool_), reason, json.loads(notes))  # type: ignore[arg-type]
