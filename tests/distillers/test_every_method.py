"""What must hold of every method of ours, beside what `xkd-bench plugin check` holds of all (test_third_party.py)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from lessons import batch_of, lesson_of, look_up_teacher, start_of, terms_of, unrelated

from xkd_bench.distillers import registry
from xkd_bench.distillers.lesson import Lesson
from xkd_bench.errors import BadInputError

TASKS = ("demo/grammar", "demo/digits")
METHODS = sorted(registry.cards())
TAUGHT = [name for name in METHODS if name != "finetune"]
# Variants whose terms or stages are others than the default's.
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in TAUGHT),
    ("ad_kd", {"steps": 3}),
    ("ad_kd", {"reading": "paper", "steps": 2, "student_mode": "eval", "variant": "hinton"}),
    ("aligned_distil", {"interchange": "all", "attention_weight": 0.25}),
    ("attn_first", {"heads": "mean"}),
    ("attrit", {"rows": "all"}),
    ("attrit", {"normalise": "none", "hard": True}),
    ("internal_kd", {"schedule": "PID"}),
    ("internal_kd", {"schedule": "all"}),
    ("pkd", {"blocks": "last", "dim_reduction": "sum", "variant": "hinton"}),
    ("tinybert", {"target": "probs"}),
    ("tinybert", {"legacy_pad_mean": True}),
]
CROSS_ENTROPIES = {("pd", "teacher"), ("tinybert", "teacher"), ("ad_kd", "teacher"), ("attrit", "teacher")}
LABELS = ("label",)


def settings_of(name: str, settings: dict[str, Any]) -> dict[str, Any]:
    return {"relation_heads": 32, **settings} if name == "mgskd" else settings


def label_of(value: Any) -> str:
    return ",".join(f"{k}={v}" for k, v in value.items()) or "default" if isinstance(value, dict) else str(value)


def stage_starts(lesson: Lesson) -> list[int]:
    return [0, *lesson.stage_ends.tolist()[:-1]]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(("name", "settings"), VARIANTS, ids=label_of)
def test_a_student_that_is_its_teacher_is_taught_nothing(
    teachers: dict[str, Path], task: str, name: str, settings: dict[str, Any]
) -> None:
    if name == "aligned_distil":
        pytest.skip("needs a student of half the teacher's blocks, which is never its teacher")
    teacher, student = start_of(teachers[task], task), start_of(teachers[task], task)
    lesson = lesson_of(name, task, student, teacher, settings_of(name, settings))
    batch = batch_of(task, student, teacher)
    look_up_teacher(lesson, teacher, batch)
    for update in stage_starts(lesson):
        for term, value in terms_of(lesson, batch, update).items():
            if term in LABELS:
                continue
            if (name, term) not in CROSS_ENTROPIES:
                assert (
                    abs(float(value.detach())) < 1e-4
                    if term in ("teacher", "patient")
                    else abs(float(value.detach())) < 1e-5
                ), term
            if (name, term) == ("attrit", "teacher") and settings.get("hard"):
                continue  # the cross-entropy to the teacher's class is least at infinite logits, not at the teacher's
            gradients = torch.autograd.grad(
                value, list(lesson.student.parameters()), allow_unused=True, retain_graph=True
            )
            largest = max(float(one.abs().max()) for one in gradients if one is not None)
            assert largest < 2e-4, f"{term}: {largest}"


@pytest.mark.parametrize(("name", "settings"), VARIANTS, ids=label_of)
def test_fifty_updates_bring_every_matching_term_down_on_a_batch_not_trained_on(
    teachers: dict[str, Path], name: str, settings: dict[str, Any]
) -> None:
    task = "demo/digits"
    teacher = start_of(teachers[task], task)
    student = unrelated(start_of(teachers[task], task, (2, 4)))
    lesson = lesson_of(name, task, student, teacher, settings_of(name, settings))
    held_out = batch_of(task, student, teacher, rows=16, first=16 * 50)
    batches = [batch_of(task, student, teacher, rows=16, first=16 * i) for i in range(50)]
    optimiser = torch.optim.AdamW(lesson.parameters(), lr=5e-4)
    first: dict[str, float] = {}  # before the stage that first had the term: a later one may hold it where it is
    for update in stage_starts(lesson):
        look_up_teacher(lesson, teacher, held_out)
        before = {k: float(v.detach()) for k, v in terms_of(lesson, held_out, update).items()}
        first = before | first
        for batch in batches:
            look_up_teacher(lesson, teacher, batch)
            optimiser.zero_grad()
            torch.stack(list(terms_of(lesson, batch, update).values())).sum().backward()
            torch.nn.utils.clip_grad_norm_(lesson.parameters(), 1.0)
            optimiser.step()
        look_up_teacher(lesson, teacher, held_out)
        after = {k: float(v.detach()) for k, v in terms_of(lesson, held_out, update).items()}
        assert {k for k in after if k not in LABELS}, "a stage that matches something"
        for term in after:
            if term not in LABELS:
                assert after[term] < first[term], f"{term}: {first[term]} → {after[term]}"


def test_a_preset_without_values_for_a_task_says_which_it_has() -> None:
    with pytest.raises(BadInputError, match="cola, mnli"):
        registry.preset("ad_kd", "paper", "wnli")
    assert registry.preset("ad_kd", "paper", "sst2").settings["temperature"] == 2.0
    assert registry.preset("ad_kd", "paper", "sst2").training == {
        "weight_decay": 0.0, "learning_rate": 5e-5, "batch_size": 32, "epochs": 6,
    }  # fmt: skip
