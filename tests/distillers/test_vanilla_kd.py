"""The four variants of logit distillation against torch's own losses, closed forms and invariances."""

from __future__ import annotations

import math
from typing import get_args

import pytest
import torch
from torch.nn.functional import cross_entropy, kl_div, log_softmax, softmax

from xkd_bench.distillers.contract import Step
from xkd_bench.distillers.pairing import Pairing, Shape
from xkd_bench.distillers.soft_targets import (
    SoftTargetSettings,
    Variant,
    regression_loss,
    soft_target_loss,
    temperature_at,
)
from xkd_bench.distillers.vanilla_kd import VanillaKD
from xkd_bench.errors import BadInputError
from xkd_bench.models.trace import Trace
from xkd_bench.tasks.registry import find_task

SHAPES = [(1, 2), (5, 2), (8, 3), (4, 100)]
PAIRING = Pairing(Shape("student", 2, 2, 8), Shape("teacher", 4, 2, 8))
VARIANTS: tuple[Variant, ...] = get_args(Variant)


def draw(batch: int, classes: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(seed)
    return torch.randn(batch, classes, dtype=torch.float64) * 3, torch.randn(batch, classes, dtype=torch.float64) * 3


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("temperature", [1.0, 2.0, 4.0])
def test_hinton_is_torch_s_divergence_times_the_squared_temperature(shape: tuple[int, int], temperature: float) -> None:
    student, teacher = draw(*shape)
    oracle = temperature**2 * kl_div(
        log_softmax(student / temperature, 1),
        log_softmax(teacher / temperature, 1),
        reduction="batchmean",
        log_target=True,
    )
    torch.testing.assert_close(soft_target_loss(student, teacher, "hinton", temperature), oracle)


@pytest.mark.parametrize("shape", SHAPES)
def test_adkd_is_torch_s_soft_cross_entropy_and_hinton_without_entropy_and_squared_temperature(
    shape: tuple[int, int],
) -> None:
    student, teacher = draw(*shape)
    target = softmax(teacher / 3, 1)
    found = soft_target_loss(student, teacher, "adkd", 3.0)
    torch.testing.assert_close(found, cross_entropy(student / 3, target))
    entropy = -(target * target.log()).sum(1).mean()
    torch.testing.assert_close(found - entropy, soft_target_loss(student, teacher, "hinton", 3.0) / 9)


@pytest.mark.parametrize("shape", SHAPES)
def test_deit_legacy_is_torch_s_mean_reduction(shape: tuple[int, int]) -> None:
    student, teacher = draw(*shape)
    oracle = 25 * kl_div(log_softmax(student / 5, 1), log_softmax(teacher / 5, 1), reduction="mean", log_target=True)
    torch.testing.assert_close(soft_target_loss(student, teacher, "deit_legacy", 5.0), oracle)


def test_by_hand() -> None:
    """p_T = (3/4, 1/4), p_S = (1/2, 1/2): KL = ¾ ln 1.5 + ¼ ln 0.5, cross-entropy = ln 2."""
    student = torch.zeros(1, 2, dtype=torch.float64)
    teacher = torch.tensor([[math.log(3.0), 0.0]], dtype=torch.float64)
    divergence = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    assert float(soft_target_loss(student, teacher, "hinton", 1.0)) == pytest.approx(divergence, abs=1e-15)
    assert float(soft_target_loss(student, teacher, "deit_legacy", 1.0)) == pytest.approx(divergence / 2, abs=1e-15)
    assert float(soft_target_loss(student, teacher, "seed000", 1.0)) == pytest.approx(math.log(2), abs=1e-15)
    assert float(regression_loss(student[:, :1] + 1, teacher[:, 1:], "hinton", 2.0)) == 1.0
    assert float(regression_loss(student[:, :1] + 1, teacher[:, 1:], "adkd", 2.0)) == 0.25


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_student_equal_to_its_teacher_gets_no_gradient(variant: Variant, shape: tuple[int, int]) -> None:
    _, teacher = draw(*shape)
    student = teacher.clone().requires_grad_(True)
    loss = soft_target_loss(student, teacher, variant, 1.0 if variant == "seed000" else 2.0)
    loss.backward()
    assert student.grad is not None
    assert student.grad.abs().max() < 1e-15
    if variant in ("hinton", "deit_legacy"):
        assert abs(float(loss.detach())) < 1e-15


@pytest.mark.parametrize("shape", SHAPES)
def test_the_gradient_of_hinton_is_tau_times_the_difference_of_probabilities(shape: tuple[int, int]) -> None:
    student, teacher = draw(*shape)
    student.requires_grad_(True)
    soft_target_loss(student, teacher, "hinton", 2.0).backward()
    expected = 2.0 * (softmax(student.detach() / 2, 1) - softmax(teacher / 2, 1)) / len(student)
    torch.testing.assert_close(student.grad, expected)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_constant_added_to_a_row_of_logits_changes_nothing(variant: Variant) -> None:
    student, teacher = draw(6, 3)
    shift = torch.arange(6, dtype=torch.float64)[:, None] * 7 - 11
    torch.testing.assert_close(
        soft_target_loss(student + shift, teacher - shift, variant, 2.0),
        soft_target_loss(student, teacher, variant, 2.0),
    )


@pytest.mark.parametrize("variant", VARIANTS)
def test_gradcheck(variant: Variant) -> None:
    student, teacher = draw(4, 3)
    student.requires_grad_(True)
    assert torch.autograd.gradcheck(lambda z: soft_target_loss(z, teacher, variant, 2.0), (student,))


def make_step(student: torch.Tensor, teacher: torch.Tensor, labels: torch.Tensor, epoch: float = 0.0) -> Step:
    return Step(labels, None, Trace(student), Trace(teacher), epoch, 4)


def test_terms_are_weighted_and_named() -> None:
    student, teacher = draw(5, 2)
    labels = torch.tensor([0, 1, 1, 0, 1])
    method = VanillaKD(find_task("cola").card, {"alpha": "0.3", "temperature": "2"}, PAIRING)
    terms = method.terms(make_step(student, teacher, labels))
    torch.testing.assert_close(terms["label"].double(), 0.7 * cross_entropy(student, labels), rtol=1e-5, atol=1e-6)
    expected = 0.3 * soft_target_loss(student, teacher, "hinton", 2.0)
    torch.testing.assert_close(terms["teacher"].double(), expected, rtol=1e-5, atol=1e-6)


def test_alpha_one_and_seed000_have_no_label_term() -> None:
    student, teacher = draw(5, 2)
    labels = torch.zeros(5, dtype=torch.long)
    for settings in ({"alpha": 1.0}, {"variant": "seed000"}):
        terms = VanillaKD(find_task("cola").card, settings, PAIRING).terms(make_step(student, teacher, labels))
        assert list(terms) == ["teacher"]


def test_hard_targets_are_the_teacher_s_classes() -> None:
    student, teacher = draw(5, 3)
    method = VanillaKD(find_task("mnli_matched").card, {"hard": True, "alpha": 1.0}, PAIRING)
    found = method.terms(make_step(student, teacher, torch.zeros(5, dtype=torch.long)))["teacher"]
    torch.testing.assert_close(found.double(), cross_entropy(student, teacher.argmax(1)), rtol=1e-5, atol=1e-6)


def test_annealing_goes_from_the_temperature_to_one() -> None:
    settings = SoftTargetSettings(anneal=True, temperature=4)
    assert [temperature_at(settings, epoch, 4) for epoch in (0.0, 0.9, 1.0, 2.5, 3.0, 3.99)] == [4, 4, 3, 2, 1, 1]
    assert temperature_at(SoftTargetSettings(temperature=4), 3.0, 4) == 4


@pytest.mark.parametrize("settings", [{"alpha": 1.5}, {"temperature": 0}, {"variant": "unknown"}, {"beta": 1}])
def test_impossible_settings_are_refused_before_any_data_is_read(settings: dict[str, object]) -> None:
    with pytest.raises(BadInputError, match="setting"):
        VanillaKD(find_task("cola").card, settings, PAIRING)


def test_regression_uses_values() -> None:
    student, teacher = draw(6, 1)
    labels = torch.linspace(0, 5, 6, dtype=torch.float64)
    terms = VanillaKD(find_task("stsb").card, {"alpha": 0.5}, PAIRING).terms(make_step(student, teacher, labels))
    expected = 0.5 * ((student - teacher) ** 2).mean()
    torch.testing.assert_close(terms["teacher"].double(), expected, rtol=1e-5, atol=1e-5)
    expected = 0.5 * ((student[:, 0] - labels) ** 2).mean()
    torch.testing.assert_close(terms["label"].double(), expected, rtol=1e-5, atol=1e-5)
