"""Losses on hidden states (PKD, TinyBERT, CKD, MGSKD, internal representations): by hand and against plain loops."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from lessons import batch_of, lesson_of, method_of, start_of, terms_of
from torch.nn.functional import cosine_similarity, kl_div, mse_loss, smooth_l1_loss

from xkd_bench.distillers.ckd import pair_divergence, triple_distance
from xkd_bench.distillers.contract import Stage, Step
from xkd_bench.distillers.matching import cosine_distance, mean_valid
from xkd_bench.distillers.pairing import Pairing, Shape
from xkd_bench.distillers.relations import angles, inner_product_distance
from xkd_bench.models.trace import Trace

TASK = "demo/grammar"
PAIRING = Pairing(Shape("student", 2, 2, 8), Shape("teacher", 4, 2, 8), True)


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def step_of(student: Trace, teacher: Trace, mask: torch.Tensor, stage: Stage | None = None) -> Step:
    return Step(torch.zeros(len(mask), dtype=torch.long), mask, student, teacher, 0.0, 3, stage or Stage())


def traces(width: int = 8, batch: int = 3, n: int = 5, heads: int = 2) -> tuple[Trace, Trace, torch.Tensor]:
    """A student of two blocks and a teacher of four, with padding in the last example."""
    mask = torch.ones(batch, n)
    mask[-1, n - 2 :] = 0
    found = []
    for place, blocks in enumerate((2, 4)):
        states = tuple(draw(batch, n, width, seed=10 * place + k) for k in range(blocks + 1))
        scores = tuple(draw(batch, heads, n, n, seed=100 * place + k) for k in range(blocks))
        found.append(Trace(draw(batch, 2, seed=1000 + place), states, scores))
    return found[0], found[1], mask


def values(terms: dict[str, torch.Tensor]) -> dict[str, float]:
    return {name: float(value) for name, value in terms.items()}


@pytest.mark.parametrize(("reduction", "factor"), [("sum", 1.0), ("mean", 1 / 8)])
def test_pkd_is_the_distance_of_unit_cls_states_of_all_blocks_but_the_last(reduction: str, factor: float) -> None:
    student, teacher, mask = traces()
    assert student.hidden_states is not None
    assert teacher.hidden_states is not None
    method = method_of("pkd", TASK, PAIRING, {"beta": 3.0, "dim_reduction": reduction})
    found = values(method.terms(step_of(student, teacher, mask)))["patient"]
    ours, theirs = student.hidden_states[1][:, 0], teacher.hidden_states[2][:, 0]
    expected = (ours / ours.norm(dim=1, keepdim=True) - theirs / theirs.norm(dim=1, keepdim=True)).square().sum(1)
    assert found == pytest.approx(3.0 * factor * float(expected.mean()), rel=1e-6)


def test_pkd_s_last_blocks() -> None:
    student, teacher, mask = traces()
    assert student.hidden_states is not None
    assert teacher.hidden_states is not None
    method = method_of("pkd", TASK, PAIRING, {"beta": 1.0, "blocks": "last", "dim_reduction": "sum"})
    found = values(method.terms(step_of(student, teacher, mask)))["patient"]
    similarity = cosine_similarity(student.hidden_states[1][:, 0], teacher.hidden_states[3][:, 0])
    assert found == pytest.approx(float((2 - 2 * similarity).mean()), rel=1e-6)


def test_tinybert_s_terms_are_means_over_real_tokens() -> None:
    student, teacher, mask = traces()
    assert student.hidden_states is not None
    assert teacher.hidden_states is not None
    assert student.attention_scores is not None
    assert teacher.attention_scores is not None
    method = method_of("tinybert", TASK, PAIRING)
    inner, answers = method.stages()
    found = values(method.terms(step_of(student, teacher, mask, inner)))
    real = mask.bool()
    pairs = (real[:, :, None] & real[:, None, :])[:, None].expand(-1, 2, -1, -1)
    attention = sum(
        mse_loss(student.attention_scores[k][pairs], teacher.attention_scores[2 * k + 1][pairs]) for k in (0, 1)
    )
    hidden = sum(mse_loss(student.hidden_states[k][real], teacher.hidden_states[2 * k][real]) for k in (0, 1, 2))
    assert found == pytest.approx({"attention": float(attention), "hidden": float(hidden)}, rel=1e-6)
    assert list(method.terms(step_of(student, teacher, mask, answers))) == ["teacher"]
    assert not inner.decay


def test_tinybert_learns_the_map_between_widths() -> None:
    pairing = Pairing(Shape("student", 2, 2, 6), Shape("teacher", 4, 2, 8), True)
    method = method_of("tinybert", TASK, pairing)
    assert [tuple(p.shape) for p in method.parameters()] == [(8, 6)]
    student, teacher, mask = traces()
    narrow = Trace(
        student.logits, tuple(s[..., :6].float() for s in student.hidden_states or ()), student.attention_scores
    )
    method.terms(step_of(narrow, teacher, mask, method.stages()[0]))["hidden"].backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in method.parameters())


def test_tinybert_s_regression_ends_on_the_labels_and_not_on_the_teacher() -> None:
    method = method_of("tinybert", "stsb", PAIRING)
    student, teacher, mask = traces()
    one = Trace(student.logits[:, :1], student.hidden_states, student.attention_scores)
    found = method.terms(step_of(one, teacher, mask, method.stages()[1]))
    assert float(found["label"]) == pytest.approx(float(one.logits.square().mean()), rel=1e-6)


def test_ckd_s_pairs_against_a_loop() -> None:
    student, teacher = draw(2, 4, 6), draw(2, 4, 8, seed=1)
    real = torch.tensor([[1.0, 1, 1, 1], [1, 1, 1, 0]], dtype=torch.float64)
    total, pairs = 0.0, 0
    for b, count in ((0, 4), (1, 3)):
        pairs += count * count
        for i in range(count):
            others = [j for j in range(count) if j != i]
            rows = [
                torch.stack([cosine_similarity(x[b, i], x[b, j], dim=0) for j in others]).log_softmax(0)
                for x in (student, teacher)
            ]
            total += float(kl_div(rows[0], rows[1], reduction="sum", log_target=True))
    assert float(pair_divergence(student, teacher, real)) == pytest.approx(total / pairs, rel=1e-9)


@pytest.mark.parametrize("reach", [1, 2, 9])
def test_ckd_s_triples_against_a_loop(reach: int) -> None:
    student, teacher, n = draw(5, 6), draw(5, 8, seed=1), 5
    real = torch.tensor([1.0, 1, 1, 1, 0], dtype=torch.float64)
    errors = []
    for i in range(n):
        for p, q in itertools.product(range(max(i - reach, 0), min(i + reach + 1, n)), repeat=2):
            if not (real[i] and real[p] and real[q]):
                continue
            cosines = []
            for x in (student, teacher):
                one, other = x[i] - x[p], x[i] - x[q]
                zero = one.norm() == 0 or other.norm() == 0
                cosines.append(0.0 if zero else float(cosine_similarity(one, other, dim=0)))
            errors.append((cosines[0] - cosines[1]) ** 2)
    found = triple_distance(student[None], teacher[None], real[None], reach)
    assert float(found) == pytest.approx(math.fsum(errors) / len(errors), rel=1e-9)


def test_relations_do_not_depend_on_the_width_or_on_a_rotation() -> None:
    states, real = draw(2, 4, 6), torch.ones(2, 4, dtype=torch.float64)
    rotation, _ = torch.linalg.qr(draw(9, 9, seed=3))
    turned = torch.nn.functional.pad(states, (0, 3)) @ rotation * 7
    assert float(pair_divergence(turned, states, real)) == pytest.approx(0, abs=1e-12)
    assert float(triple_distance(turned, states, real, 4)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("loss", [pair_divergence, lambda s, t, r: triple_distance(s, t, r, 1)])
def test_relations_gradcheck(loss: Any) -> None:
    student, teacher = draw(2, 4, 3).requires_grad_(True), draw(2, 4, 5, seed=1)
    real = torch.tensor([[1.0, 1, 1, 1], [1, 1, 1, 0]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda s: loss(s, teacher, real), (student,))
    (gradient,) = torch.autograd.grad(loss(student, teacher, real), student)
    assert torch.isfinite(gradient).all()
    assert gradient[1, 3].abs().max() == 0


def test_ckd_s_weights_are_in_force(teachers: dict[str, Path]) -> None:
    teacher, student = start_of(teachers[TASK], TASK), start_of(teachers[TASK], TASK, (2, 4))
    batch = batch_of(TASK, student, teacher)
    one = terms_of(lesson_of("ckd", TASK, student, teacher), batch)
    double = {name: 2.0 if "pairs" in name else 20.0 for name in one if name.startswith(("word", "block"))}
    other = terms_of(lesson_of("ckd", TASK, student, teacher, double), batch)
    for name in double:
        assert float(other[name].detach()) == pytest.approx(2 * float(one[name].detach()), rel=1e-6)
        assert float(one[name].detach()) > 0
    assert set(one) == {"teacher", "label", *double}


def test_mgskd_s_token_pairs_by_hand() -> None:
    """Two heads of width two, of two tokens: inner products over √2."""
    method = method_of("mgskd", TASK, Pairing(Shape("s", 1, 1, 4), Shape("t", 1, 1, 4), True), {"relation_heads": 2})
    student, teacher = draw(1, 2, 4), draw(1, 2, 4, seed=1)
    errors = [
        (float(student[0, i, h] @ student[0, j, h] - teacher[0, i, h] @ teacher[0, j, h]) / math.sqrt(2)) ** 2
        for i, j in itertools.product(range(2), repeat=2)
        for h in (slice(0, 2), slice(2, 4))
    ]
    found = method._token_pairs(student, teacher, torch.ones(1, 2))  # type: ignore[operator]
    assert float(found) == pytest.approx(math.fsum(errors) / 8, rel=1e-9)


def test_mgskd_s_sample_triples_against_a_loop() -> None:
    method = method_of("mgskd", TASK, Pairing(Shape("s", 1, 1, 4), Shape("t", 1, 1, 6), True), {"relation_heads": 2})
    student, teacher = draw(4, 3, 4), draw(4, 3, 6, seed=1)
    real = torch.tensor([[1.0, 1, 1], [1, 1, 0], [1, 0, 0], [1, 1, 1]], dtype=torch.float64)
    means = [torch.stack([x[b, real[b] == 1].mean(0) for b in range(4)]) for x in (student, teacher)]
    errors = []
    for head, i, p, q in itertools.product(range(2), *[range(4)] * 3):
        cosines = []
        for x, d in zip(means, (2, 3), strict=True):
            part = x[:, head * d : (head + 1) * d]
            one, other = part[i] - part[p], part[i] - part[q]
            zero = one.norm() == 0 or other.norm() == 0
            cosines.append(torch.tensor(0.0).double() if zero else cosine_similarity(one, other, dim=0))
        errors.append(float(smooth_l1_loss(cosines[0], cosines[1])))
    found = method._sample_triples(student, teacher, real)  # type: ignore[operator]
    assert float(found) == pytest.approx(math.fsum(errors) / len(errors), rel=1e-9)


def test_angles_by_hand() -> None:
    corners = torch.tensor([[[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]]])
    found = angles(corners, corners[:, None].expand(-1, 3, -1, -1))[0]
    half = 1 / math.sqrt(5)
    torch.testing.assert_close(found[0], torch.tensor([[0.0, 0, 0], [0, 1, 0], [0, 0, 1]]))
    torch.testing.assert_close(found[1], torch.tensor([[1.0, 0, half], [0, 0, 0], [half, 0, 1]]))


@pytest.mark.parametrize("limit", [math.inf, 1.0])
@pytest.mark.parametrize("at_once", [1, 100, 1 << 19])
def test_distances_of_inner_products_are_torch_s(monkeypatch: pytest.MonkeyPatch, at_once: int, limit: float) -> None:
    """Squared and smooth L1 distances and their gradients, in whichever lots they are made; some beyond the limit."""
    monkeypatch.setattr("xkd_bench.distillers.relations.AT_ONCE", at_once)
    student, teacher = (draw(2, 5, 7, width, seed=width).mul(2).requires_grad_(True) for width in (3, 4))
    apart = student @ student.mT, teacher.detach() @ teacher.detach().mT
    usual = mse_loss(*apart, reduction="sum") / 2 if limit == math.inf else smooth_l1_loss(*apart, reduction="sum")
    found = inner_product_distance(student, teacher, limit)
    differences = (apart[0] - apart[1]).detach().abs()
    assert float(differences.max()) > 1 > float(differences.min())
    torch.testing.assert_close(found, usual)
    torch.testing.assert_close(torch.autograd.grad(found, student), torch.autograd.grad(usual, student))
    assert torch.autograd.gradcheck(lambda s: 3 * inner_product_distance(s, teacher, limit), (student,))


def test_a_batch_of_two_has_no_sample_triples_and_no_nan(teachers: dict[str, Path]) -> None:
    teacher, student = start_of(teachers[TASK], TASK), start_of(teachers[TASK], TASK, (2, 4))
    lesson = lesson_of("mgskd", TASK, student, teacher, {"relation_heads": 32})
    found = values({k: v.detach() for k, v in terms_of(lesson, batch_of(TASK, student, teacher, rows=2)).items()})
    assert found["sample_triples"] == 0
    assert all(math.isfinite(value) for value in found.values())


def test_internal_kd_s_schedules(teachers: dict[str, Path]) -> None:
    teacher, student = start_of(teachers[TASK], TASK), start_of(teachers[TASK], TASK, (2, 4))
    batch = batch_of(TASK, student, teacher)
    stages = {}
    for schedule in ("all", "PID", "SID"):
        lesson = lesson_of("internal_kd", TASK, student, teacher, {"schedule": schedule})
        stages[schedule] = [set(terms_of(lesson, batch, update)) for update in (0, 40, 99)]
    first, second = {"attention_1", "cosine_1"}, {"attention_2", "cosine_2"}
    assert stages["all"] == [first | second | {"teacher"}] * 3
    assert stages["PID"] == [first, second, {"teacher"}]
    assert stages["SID"] == [first, first | second, {"teacher"}]


def test_internal_kd_s_cosine_is_of_cls_and_its_stage_may_end_early() -> None:
    student, teacher, mask = traces()
    assert student.hidden_states is not None
    assert teacher.hidden_states is not None
    method = method_of("internal_kd", TASK, PAIRING, {"cosine_weight": 2.0, "advance_below": 0.1})
    found = values(method.terms(step_of(student, teacher, mask, Stage("1"))))
    similarity = cosine_similarity(student.hidden_states[1][:, 0], teacher.hidden_states[2][:, 0])
    assert found["cosine_1"] == pytest.approx(2 * float((1 - similarity).mean()), rel=1e-6)
    assert not method.finished(Stage("1"), {"cosine_1": 0.3})
    assert method.finished(Stage("1"), {"cosine_1": 0.15})
    assert not method.finished(Stage("answers"), {"teacher": 0.0})


def test_a_stage_that_ends_early_leaves_its_updates_to_the_last(teachers: dict[str, Path]) -> None:
    teacher, student = start_of(teachers[TASK], TASK), start_of(teachers[TASK], TASK, (2, 4))
    lesson = lesson_of("internal_kd", TASK, student, teacher)
    assert lesson.stage_ends.tolist() == [33, 67, 100]
    lesson.end_stage(0, 10)
    assert lesson.stage_ends.tolist() == [10, 44, 100]
    assert [lesson.stage(update).name for update in (9, 10, 44, 99)] == ["1", "2", "answers", "answers"]


def test_masked_means_and_cosines() -> None:
    weights = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    assert float(mean_valid(torch.tensor([[1.0, 2.0], [6.0, 100.0]]), weights)) == 3.0
    assert float(cosine_distance(torch.tensor([3.0, 0.0]), torch.tensor([0.0, 2.0]))) == 1.0
