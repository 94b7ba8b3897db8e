"""Attention losses: by hand, against torch's own divergence, and where their gradients go."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from lessons import batch_of, lesson_of, start_of, terms_of
from torch.nn.functional import kl_div, log_softmax

from xkd_bench.distillers.matching import attention_divergence, attention_rows, last, uniform
from xkd_bench.errors import BadInputError

TASK = "demo/grammar"


def scores_of(seed: int, batch: int = 2, heads: int = 3, n: int = 5) -> torch.Tensor:
    torch.manual_seed(seed)
    return torch.randn(batch, heads, n, n, dtype=torch.float64) * 2


def test_without_padding_it_is_torch_s_divergence_over_rows() -> None:
    student, teacher = scores_of(0), scores_of(1)
    oracle = kl_div(log_softmax(student, -1), log_softmax(teacher, -1), reduction="sum", log_target=True) / (2 * 3 * 5)
    torch.testing.assert_close(attention_divergence(student, teacher, torch.ones(2, 5)), oracle)


def test_by_hand() -> None:
    """One head, two real tokens and padding: the teacher's rows (3/4, 1/4) and (1/2, 1/2), the student's (1/2, 1/2)."""
    teacher = torch.zeros(1, 1, 3, 3, dtype=torch.float64)
    teacher[0, 0, 0, 0] = math.log(3)
    teacher[..., 2] = 50.0  # whatever the padded key scores
    real = torch.tensor([[1.0, 1.0, 0.0]])
    expected = (0.75 * math.log(1.5) + 0.25 * math.log(0.5)) / 2
    found = attention_divergence(torch.zeros_like(teacher), teacher, real)
    assert float(found) == pytest.approx(expected, abs=1e-12)


def test_its_gradient_is_the_difference_of_probabilities() -> None:
    student, teacher, real = scores_of(0).requires_grad_(True), scores_of(1), torch.ones(2, 5)
    attention_divergence(student, teacher, real).backward()
    expected = (attention_rows(student.detach(), real) - attention_rows(teacher, real)) / (2 * 3 * 5)
    torch.testing.assert_close(student.grad, expected)


@pytest.mark.parametrize("heads", ["equal", "mean"])
def test_gradcheck_with_padding(heads: Any) -> None:
    real = torch.tensor([[1.0, 1, 1, 1, 0], [1, 1, 0, 0, 0]])
    student, teacher = scores_of(0).requires_grad_(True), scores_of(1)
    assert torch.autograd.gradcheck(lambda s: attention_divergence(s, teacher, real, heads), (student,))
    (gradient,) = torch.autograd.grad(attention_divergence(student, teacher, real, heads), student)
    assert gradient[1, :, 2:].abs().max() == 0
    assert gradient[1, :, :, 2:].abs().max() == 0


def test_the_mean_of_heads_compares_models_of_different_numbers_of_heads() -> None:
    teacher, real = scores_of(1, heads=4), torch.ones(2, 5)
    one = teacher.softmax(-1).mean(1, keepdim=True).log()
    assert float(attention_divergence(one.expand(-1, 2, -1, -1), teacher, real, "mean")) == pytest.approx(0, abs=1e-12)


def reached(lesson: Any, loss: torch.Tensor) -> set[str]:
    """Parameters of the student with a gradient above rounding noise."""
    named = dict(lesson.student.named_parameters())
    gradients = torch.autograd.grad(loss, list(named.values()), allow_unused=True)
    sizes = {name: float(g.abs().max()) for name, g in zip(named, gradients, strict=True) if g is not None}
    return {name for name, size in sizes.items() if size > 1e-5 * max(sizes.values())}


@pytest.mark.parametrize(("method", "block"), [("attn_first", 1), ("attn_last", 2)])
def test_it_reaches_queries_and_keys_of_its_block_and_what_lies_below_and_nothing_else(
    teachers: dict[str, Path], method: str, block: int
) -> None:
    teacher, student = start_of(teachers[TASK], TASK), start_of(teachers[TASK], TASK, (2, 4))
    lesson = lesson_of(method, TASK, student, teacher)
    found = reached(lesson, terms_of(lesson, batch_of(TASK, student, teacher))["attention"])
    kinds = {n.split("encoder.layer.")[1] if "encoder.layer." in n else n for n in found}
    inside = {n for n in kinds if n.startswith(f"{block - 1}.")}
    weights = {f"{block - 1}.attention.self.{part}" for part in ("query.weight", "query.bias", "key.weight")}
    # key.bias shifts whole rows of scores, which the softmax takes out again.
    assert inside == weights
    assert not any(name.startswith(f"{above}.") for above in range(block, 2) for name in kinds)
    assert not any("classifier" in name or "pooler" in name for name in found)
    assert any("embeddings" in name for name in found)
    if block == 2:
        assert any(name.startswith("0.output") for name in kinds)


def test_heads_of_other_numbers_are_refused_unless_their_mean_is_asked_for(teachers: dict[str, Path]) -> None:
    teacher, student = start_of(teachers[TASK], TASK), start_of(teachers[TASK], TASK)
    student.model.config.num_attention_heads = 2
    with pytest.raises(BadInputError, match="4 in the teacher, 2 in the student"):
        lesson_of("attn_last", TASK, student, teacher)


def test_layer_maps() -> None:
    assert uniform(6, 12) == [2, 4, 6, 8, 10, 12]
    assert uniform(3, 6) == [2, 4, 6]
    assert last(3, 6) == [4, 5, 6]
    with pytest.raises(ValueError, match="no multiple"):
        uniform(4, 6)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({"interchange": "all"}, set()), ({"interchange": "random_one"}, {0, 1})],
)
def test_an_interchanged_block_s_queries_and_keys_get_no_gradient(
    teachers: dict[str, Path], settings: dict[str, Any], expected: set[int]
) -> None:
    """With all blocks interchanged no query or key learns from the term; with one, those of all others do."""
    teacher, student = start_of(teachers[TASK], TASK), start_of(teachers[TASK], TASK, (2, 4))
    lesson = lesson_of("aligned_distil", TASK, student, teacher, settings)
    batch = batch_of(TASK, student, teacher)
    seen = set()
    for update in range(6):  # which block it is differs from update to update
        found = reached(lesson, terms_of(lesson, batch, update)["interchange"])
        blocks = {int(n.split("layer.")[1][0]) for n in found if "self.query" in n or "self.key" in n}
        assert len(blocks) == len(expected) // 2
        seen |= blocks
        for part in ("self.value.weight", "output.dense.weight"):
            assert all(any(f"layer.{block}." in n and part in n for n in found) for block in (0, 1)), part
    assert seen == expected


def test_the_interchange_forward_uses_the_teacher_s_mean_attention(teachers: dict[str, Path]) -> None:
    """Against the student with its attention modules replaced by hand."""
    teacher, student = start_of(teachers[TASK], TASK), start_of(teachers[TASK], TASK, (2, 4))
    lesson = lesson_of("aligned_distil", TASK, student, teacher, {"interchange": "all", "temperature": 1.0})
    batch = batch_of(TASK, student, teacher)
    inputs = {k: v for k, v in batch.items() if k not in ("labels", "position")}
    teacher.model.set_attn_implementation("eager")
    maps = teacher.model(**inputs, output_attentions=True).attentions
    means = iter([(maps[0] + maps[1]) / 2, (maps[2] + maps[3]) / 2])
    expected_logits = teacher.model(**inputs).logits

    from transformers import AttentionInterface

    def by_hand(module: Any, query: Any, key: Any, value: Any, mask: Any, **options: Any) -> Any:
        return (next(means) @ value).transpose(1, 2).contiguous(), None

    AttentionInterface.register("by_hand", by_hand)
    teacher.model.set_attn_implementation("xkd_bench_traced")
    found = float(terms_of(lesson, batch)["interchange"].detach())
    student.model.set_attn_implementation("by_hand")
    swapped = student.model(**inputs).logits
    oracle = 0.25 * kl_div(
        log_softmax(swapped, 1), log_softmax(expected_logits, 1), reduction="batchmean", log_target=True
    )
    assert found == pytest.approx(float(oracle.detach()), rel=1e-4)
