"""What a distiller may watch is what the model computed, in train mode too, and can be differentiated twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from xkd_bench.models.checkpoint import open_checkpoint
from xkd_bench.models.loading import load_model
from xkd_bench.models.trace import Watch, prepare, trace
from xkd_bench.tasks.registry import find_task


def make_model(tiny_models: Path, name: str, attention: str | None = None) -> Any:
    return load_model(open_checkpoint(str(tiny_models / name)), find_task(f"demo/{name}").card, attention=attention)


def make_batch(name: str) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    if name == "digits":
        return {"pixel_values": torch.randn(3, 3, 8, 8)}
    mask = torch.ones(3, 9, dtype=torch.long)
    mask[1, 6:] = 0
    return {"input_ids": torch.randint(5, 60, (3, 9)), "attention_mask": mask}


@pytest.mark.parametrize("name", ["grammar", "digits"])
def test_scores_are_those_before_mask_softmax_and_dropout(tiny_models: Path, name: str) -> None:
    batch = make_batch(name)
    model = make_model(tiny_models, name)
    columns = list(range(model.config.num_labels))
    watch = Watch(hidden_states=True, attention_scores=True)
    prepare(model, watch)
    seen = trace(model, batch, columns, watch)
    eager = make_model(tiny_models, name, attention="eager")
    expected = eager(**batch, output_attentions=True, output_hidden_states=True)
    assert seen.attention_scores is not None
    assert seen.hidden_states is not None
    assert len(seen.attention_scores) == model.config.num_hidden_layers
    bias = 0.0
    if "attention_mask" in batch:
        bias = (1.0 - batch["attention_mask"][:, None, None, :].float()) * torch.finfo(torch.float32).min
    for scores, attention in zip(seen.attention_scores, expected.attentions, strict=True):
        torch.testing.assert_close(torch.softmax(scores + bias, dim=-1), attention, rtol=1e-5, atol=1e-6)
    for ours, theirs in zip(seen.hidden_states, expected.hidden_states, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(seen.logits, expected.logits, rtol=1e-5, atol=1e-6)


def test_scores_in_train_mode_are_free_of_attention_dropout(tiny_models: Path) -> None:
    """In train mode the library's own maps have exact zeros; softmax of ours has rows that sum to one."""
    model, batch = make_model(tiny_models, "grammar").train(), make_batch("grammar")
    watch = Watch(attention_scores=True)
    prepare(model, watch)
    seen = trace(model, batch, [0, 1], watch)
    assert seen.attention_scores is not None
    rows = torch.softmax(seen.attention_scores[0], dim=-1)
    assert (rows > 0).all()
    torch.testing.assert_close(rows.sum(-1), torch.ones_like(rows.sum(-1)))


@pytest.mark.parametrize("name", ["grammar", "digits"])
def test_input_gradients_of_a_frozen_teacher_and_second_derivatives_of_a_student(tiny_models: Path, name: str) -> None:
    batch, watch = make_batch(name), Watch(embedding_gradient=True)
    teacher = make_model(tiny_models, name).requires_grad_(False)
    prepare(teacher, watch)
    seen = trace(teacher, batch, [0, 1], watch)
    assert seen.embeddings is not None
    (gradient,) = torch.autograd.grad(seen.logits[:, 0].sum(), seen.embeddings)
    assert gradient.abs().sum() > 0
    student = make_model(tiny_models, name).train()
    prepare(student, watch)
    own = trace(student, batch, [0, 1], watch)
    assert own.embeddings is not None
    (first,) = torch.autograd.grad(own.logits[:, 0].sum(), own.embeddings, create_graph=True)
    first.square().sum().backward()
    reached = [n for n, p in student.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0]
    assert any("value" in n or "v_proj" in n or "intermediate" in n or "fc1" in n for n in reached)


def test_nothing_is_collected_unless_it_is_asked_for(tiny_models: Path) -> None:
    model = make_model(tiny_models, "grammar")
    seen = trace(model, make_batch("grammar"), [1, 0], Watch())
    assert seen.hidden_states is None
    assert seen.attention_scores is None
    assert seen.embeddings is None
    torch.testing.assert_close(seen.logits, model(**make_batch("grammar")).logits[:, [1, 0]])
