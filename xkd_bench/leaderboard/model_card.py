"""The block that a model card on the Hugging Face hub takes results from: `model-index`."""

from __future__ import annotations

from typing import Any

from xkd_bench.metrics.contract import MetricCard
from xkd_bench.records.submission import Submission
from xkd_bench.tasks.registry import all_tasks

SHOWN = ("kappa", "teacher_student_pearson", "centred_cosine.lime", "centred_cosine.shap", "flip_kappa.keyboard_typo")
TASK_TYPES = {"text": "text-classification", "pair": "text-classification", "image": "image-classification"}


def model_index(submission: Submission, metrics: dict[str, MetricCard], source: str | None) -> str:
    """YAML of headline, agreement and alignment on each task. source: address of the entry's page."""
    from huggingface_hub import EvalResult, ModelCardData

    found: list[Any] = []
    for name, entry in submission.tasks.items():
        task = all_tasks().get(name)
        data = task.card.data if task else None
        for key in (entry.result.task.headline, *SHOWN):
            score = entry.result.scores.get(key)
            if score is None or score.value is None:
                continue
            metric, _, part = key.partition(".")
            title = metrics[metric].title if metric in metrics else metric
            found.append(
                EvalResult(
                    task_type=TASK_TYPES[task.card.modality] if task else "text-classification",
                    dataset_type=(data.hub if data and data.hub else name),
                    dataset_name=entry.result.task.title,
                    dataset_config=data.config if data else None,
                    dataset_split=entry.result.task.split,
                    metric_type=metric,
                    metric_name=f"{title}, {part}" if part else title,
                    metric_value=round(score.value, 6),
                    metric_args={"interval_95": [score.low, score.high], "n": score.n},
                    source_name="xkd-bench" if source else None,
                    source_url=source,
                )
            )
    return str(ModelCardData(model_name=submission.card.name, eval_results=found).to_yaml())
