"""The installed metrics: entry points of the group `xkd_bench.metrics`, ours and anybody else's alike."""

from __future__ import annotations

from functools import cache

from xkd_bench import plugins
from xkd_bench.errors import BadInputError
from xkd_bench.metrics.cards import parse_card
from xkd_bench.metrics.contract import (
    CoalitionMetric,
    MaskingMetric,
    Metric,
    MetricCard,
    PerturbedMetric,
    PerturbedScoreMetric,
    PredictionMetric,
    SimilarityMetric,
    Subject,
    SumMetric,
    WeightMetric,
)

GROUP = "xkd_bench.metrics"
KINDS: dict[Subject, tuple[type[Metric], ...]] = {
    "model": (SumMetric, WeightMetric),
    "pair": (SumMetric, WeightMetric),
    "explanation": (SimilarityMetric,),
    "coalitions": (CoalitionMetric,),
    "masking": (MaskingMetric,),
    "perturbed model": (PerturbedMetric, PerturbedScoreMetric),
    "perturbed pair": (PerturbedMetric, PerturbedScoreMetric),
}


@cache
def cards() -> dict[str, MetricCard]:
    """Name → card of every installed metric, sorted by name; no metric's code is imported.

    Raises `BadInputError` naming file and field for a card that cannot be used.
    """
    return {name: _card(name) for name in plugins.installed(GROUP)}


@cache
def _card(name: str) -> MetricCard:
    point = plugins.find(GROUP, name)
    card = parse_card(plugins.card(point), f"card of metric {name} ({point.module})")
    if card.name != name:
        raise BadInputError(
            where=f"card of metric {name} ({point.module}), field name",
            expected=repr(name),
            found=repr(card.name),
            fix="give the card the name of its entry point in pyproject.toml",
        )
    return card


def load(name: str) -> Metric:
    """The metric called `name`. Raises `BadInputError` for an unknown name, or one that is no metric of what its card
    says it measures."""
    point = plugins.find(GROUP, name)
    metric = point.load()
    kinds = KINDS[_card(name).subject]
    if not isinstance(metric, kinds):
        raise BadInputError(
            where=f"entry point {name} of {GROUP}",
            expected=f"a {' or '.join(kind.__name__ for kind in kinds)} (xkd_bench.metrics.contract), "
            f"the card's subject being {_card(name).subject!r}",
            found=f"{type(metric).__name__} at {point.value}",
            fix="let the entry point name the metric itself, e.g. package.module:metric, and the card what it measures",
        )
    if metric.card != _card(name):
        raise BadInputError(
            where=f"entry point {name} of {GROUP}",
            expected=f"the metric to carry the card beside its code ({point.module})",
            found="another card",
            fix="make it with card=card_beside(__file__)",
        )
    return metric


def prediction_metrics() -> tuple[PredictionMetric, ...]:
    """Every installed metric of predictions, of a model or of a pair, sorted by name."""
    return tuple(metric for metric in _all() if isinstance(metric, SumMetric | WeightMetric))


def similarity_metrics() -> tuple[SimilarityMetric, ...]:
    """Every installed measure of how alike two explanations are, sorted by name."""
    return tuple(metric for metric in _all() if isinstance(metric, SimilarityMetric))


def coalition_metrics() -> tuple[CoalitionMetric, ...]:
    """Every installed measure of how alike two models answer maskings, sorted by name."""
    return tuple(metric for metric in _all() if isinstance(metric, CoalitionMetric))


def masking_metrics() -> tuple[MaskingMetric, ...]:
    """Every installed measure of whether explanations name what a model depends on, sorted by name."""
    return tuple(metric for metric in _all() if isinstance(metric, MaskingMetric))


def perturbed_metrics() -> tuple[PerturbedMetric | PerturbedScoreMetric, ...]:
    """Every installed measure of what perturbations do to answers and scores, sorted by name."""
    return tuple(metric for metric in _all() if isinstance(metric, PerturbedMetric | PerturbedScoreMetric))


def _all() -> tuple[Metric, ...]:
    return tuple(load(name) for name in plugins.installed(GROUP))
