"""AD-KD's attributions: against captum, by hand, and the identities that make one view enough."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from captum.attr import InputXGradient, IntegratedGradients
from lessons import batch_of, lesson_of, start_of, terms_of
from torch import nn

from xkd_bench.distillers.ad_kd import attribution_distance, token_lengths
from xkd_bench.distillers.lesson import Moment
from xkd_bench.models.trace import Watch

TASK = "demo/grammar"


def scores_of(lesson: Any, batch: dict[str, Any], train: bool = False) -> torch.Tensor:
    """The student's token scores (B, n, views) and what a lesson makes them of."""
    kept: dict[str, torch.Tensor] = {}
    method = lesson.distiller
    original = method._token_scores

    def keep(found: Any, again: Any, real: Any, keep: int, train: bool) -> torch.Tensor:
        scores: torch.Tensor = original(found, again, real, keep, train)
        kept["student" if train else "teacher"] = scores
        return scores

    method._token_scores = keep
    lesson(batch, Moment(0, 0.0, 3))
    return kept["student"].detach()


def prepared(teachers: dict[str, Path], task: str, settings: dict[str, Any]) -> tuple[Any, dict[str, Any], Any]:
    teacher, student = start_of(teachers[task], task), start_of(teachers[task], task, (2, 4))
    lesson = lesson_of("ad_kd", task, student, teacher, settings)
    return lesson, batch_of(task, student, teacher), student


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("task", ["demo/grammar", "demo/digits"])
def test_attributions_are_captum_s_integrated_gradients(teachers: dict[str, Path], task: str, steps: int) -> None:
    """Right Riemann sums from a zero baseline of log p of every class, each token's length over its dimensions."""
    lesson, batch, student = prepared(teachers, task, {"steps": steps})
    ours = scores_of(lesson, batch)
    inputs = {k: v for k, v in batch.items() if k not in ("labels", "position")}
    model = student.model
    embeddings = model.base_model.embeddings
    found = embeddings(inputs["pixel_values"]) if "pixel_values" in inputs else embeddings(inputs["input_ids"])

    def forward(points: torch.Tensor) -> torch.Tensor:
        handle = embeddings.register_forward_hook(lambda *_: points)
        own = {k: v.repeat_interleave(len(points) // len(v), 0) for k, v in inputs.items()}
        try:
            return torch.log_softmax(model(**own).logits, dim=1)
        finally:
            handle.remove()

    views = [1] if task == "demo/grammar" and steps == 1 else range(model.config.num_labels)
    for place, target in enumerate(views):
        if steps == 1:
            captum = InputXGradient(forward).attribute(found.detach().requires_grad_(True), target=target)
        else:
            captum = IntegratedGradients(forward).attribute(
                found.detach(), torch.zeros_like(found), target=target, n_steps=steps, method="riemann_right",
                internal_batch_size=len(found),
            )  # fmt: skip
        lengths = captum.norm(dim=-1)
        if "attention_mask" in inputs:
            lengths = lengths * inputs["attention_mask"]
        torch.testing.assert_close(ours[:, :, place].double(), lengths.double(), rtol=1e-3, atol=1e-6)


def test_of_two_classes_and_one_step_one_view_says_everything(teachers: dict[str, Path]) -> None:
    """Unit maps of log p_0, log p_1, p_1 and z_1 − z_0 are the same; that of z_1 alone is not."""
    _, batch, student = prepared(teachers, TASK, {})
    model = student.model.double()
    inputs = {k: v for k, v in batch.items() if k not in ("labels", "position")}
    embedded: list[torch.Tensor] = []

    def hook(module: Any, arguments: Any, output: torch.Tensor) -> torch.Tensor:
        embedded.append(output.detach().requires_grad_(True))
        return embedded[-1]

    handle = model.base_model.embeddings.register_forward_hook(hook)
    logits = model(**inputs).logits
    handle.remove()
    outputs = {
        "log p0": logits.log_softmax(1)[:, 0], "log p1": logits.log_softmax(1)[:, 1], "p1": logits.softmax(1)[:, 1],
        "difference": logits[:, 1] - logits[:, 0], "z1": logits[:, 1],
    }  # fmt: skip
    maps = {}
    for name, output in outputs.items():
        (gradient,) = torch.autograd.grad(output.sum(), embedded[0], retain_graph=True)
        lengths = (gradient * embedded[0]).norm(dim=-1) * inputs["attention_mask"]
        maps[name] = lengths / lengths.norm(dim=1, keepdim=True)
    for name in ("log p1", "p1", "difference"):
        torch.testing.assert_close(maps["log p0"], maps[name], rtol=1e-10, atol=1e-12)
    assert (maps["z1"] - maps["log p0"]).abs().max() > 1e-3


def test_several_steps_need_every_view(teachers: dict[str, Path]) -> None:
    lesson, batch, _ = prepared(teachers, TASK, {"steps": 8})
    scores = scores_of(lesson, batch)
    assert scores.shape[-1] == 2
    unit = scores / scores.norm(dim=1, keepdim=True)
    assert (unit[:, :, 0] - unit[:, :, 1]).abs().max() > 1e-4


def test_padding_gets_nothing(teachers: dict[str, Path]) -> None:
    lesson, batch, _ = prepared(teachers, TASK, {})
    scores = scores_of(lesson, batch)
    assert scores[batch["attention_mask"] == 0].abs().max() == 0
    assert scores[batch["attention_mask"] == 1].min() > 0


def test_the_largest_dimensions_of_a_token() -> None:
    attribution = torch.tensor([[[3.0, -4.0, 1.0], [0.0, 0.0, 2.0]]])
    torch.testing.assert_close(token_lengths(attribution, 2), torch.tensor([[5.0, 2.0]]))
    torch.testing.assert_close(token_lengths(attribution, 1), torch.tensor([[4.0, 2.0]]))
    torch.testing.assert_close(token_lengths(attribution, 0), torch.tensor([[26.0**0.5, 2.0]]))
    torch.testing.assert_close(token_lengths(attribution, 768), torch.tensor([[26.0**0.5, 2.0]]))


def test_distance_by_hand() -> None:
    """Unit maps (1, 0) and (.6, .8): .16 + .64 over two tokens the teacher scores, of the second view .8/1."""
    student = torch.tensor([[[2.0, 2.0], [0.0, 0.0], [9.0, 9.0]]], dtype=torch.float64)
    teacher = torch.tensor([[[3.0, 0.0], [4.0, 5.0], [7.0, 7.0]]], dtype=torch.float64)
    real = torch.tensor([[1.0, 1.0, 0.0]], dtype=torch.float64)
    expected = (0.16 + 0.64) / 2 + (1 + 1) / 1
    assert float(attribution_distance(student, teacher, real)) == pytest.approx(expected, abs=1e-9)


def test_distance_gradcheck() -> None:
    torch.manual_seed(0)
    student = torch.rand(2, 4, 2, dtype=torch.float64, requires_grad=True)
    teacher, real = torch.rand(2, 4, 2, dtype=torch.float64), torch.tensor([[1.0, 1, 1, 0], [1, 1, 1, 1]]).double()
    assert torch.autograd.gradcheck(lambda s: attribution_distance(s, teacher, real), (student,))


def test_the_attribution_s_gradient_is_the_second_derivative() -> None:
    """Central differences of the whole term by one weight of a small model, in fp64."""
    torch.manual_seed(0)
    embed, first, head = nn.Embedding(9, 6).double(), nn.Linear(6, 6).double(), nn.Linear(6, 2).double()
    ids, real = torch.tensor([[1, 2, 3], [4, 5, 0]]), torch.tensor([[1.0, 1, 1], [1, 1, 0]]).double()
    teacher = torch.rand(2, 3, 1, dtype=torch.float64)

    def term() -> torch.Tensor:
        embeddings = embed(ids)
        logits = head((torch.tanh(first(embeddings)) * real[:, :, None]).sum(1))
        (gradient,) = torch.autograd.grad(logits.log_softmax(1)[:, 1].sum(), embeddings, create_graph=True)
        return attribution_distance(token_lengths(embeddings * gradient)[:, :, None], teacher, real)

    term().backward()
    assert first.weight.grad is not None
    found, step = float(first.weight.grad[2, 3]), 1e-5
    with torch.no_grad():
        first.weight[2, 3] += step
    above = float(term().detach())
    with torch.no_grad():
        first.weight[2, 3] -= 2 * step
    below = float(term().detach())
    assert found == pytest.approx((above - below) / (2 * step), rel=1e-5)


@pytest.mark.parametrize("task", ["demo/grammar", "demo/digits"])
def test_the_paper_s_baseline_is_padding_or_a_blank_image(teachers: dict[str, Path], task: str) -> None:
    lesson, batch, student = prepared(teachers, task, {"reading": "paper", "steps": 2})
    seen: dict[str, torch.Tensor] = {}
    method = lesson.distiller
    original = method.terms

    def keep(step: Any) -> Any:
        seen["baseline"] = step.student_again.blank_embeddings()
        return original(step)

    method.terms = keep
    terms_of(lesson, batch)
    embeddings = student.model.base_model.embeddings
    if task == "demo/grammar":
        expected = embeddings(torch.zeros_like(batch["input_ids"]))
    else:
        expected = embeddings(torch.zeros_like(batch["pixel_values"]))
    torch.testing.assert_close(seen["baseline"], expected)


def test_the_attribution_term_reaches_the_whole_student(teachers: dict[str, Path]) -> None:
    lesson, batch, student = prepared(teachers, TASK, {})
    terms_of(lesson, batch)["attribution"].backward()
    parts = [n for n, p in student.model.named_parameters() if p.grad is not None and float(p.grad.abs().max()) > 0]
    for part in ("embeddings.word", "layer.0.attention.self.query.weight", "layer.1.output.dense", "classifier.weight"):
        assert any(part in name for name in parts), part
    assert lesson.distiller.watch == Watch(embedding_gradient=True)
