"""The installed metrics: entry points of the group `xkd_bench.metrics`, ours and anybody else's alike."""

from __future__ import annotations

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
    SumMetric,
    WeightMetric,
)
from xkd_bench.plugins import Registry

GROUP = "xkd_bench.metrics"
INSTALLED: Registry[MetricCard, Metric] = Registry(
    GROUP,
    "metric",
    parse_card,
    "subject",
    {
        "model": (SumMetric, WeightMetric),
        "pair": (SumMetric, WeightMetric),
        "explanation": (SimilarityMetric,),
        "coalitions": (CoalitionMetric,),
        "masking": (MaskingMetric,),
        "perturbed model": (PerturbedMetric, PerturbedScoreMetric),
        "perturbed pair": (PerturbedMetric, PerturbedScoreMetric),
    },
)
cards, load = INSTALLED.cards, INSTALLED.load


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
    return tuple(load(name) for name in cards())
