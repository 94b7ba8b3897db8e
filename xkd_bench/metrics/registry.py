"""The installed metrics: entry points of the group `xkd_bench.metrics`, ours and anybody else's alike."""

from __future__ import annotations

from functools import cache

from xkd_bench import plugins
from xkd_bench.errors import BadInputError
from xkd_bench.metrics.cards import parse_card
from xkd_bench.metrics.contract import Metric, MetricCard, SumMetric, WeightMetric

GROUP = "xkd_bench.metrics"


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
    """The metric called `name`. Raises `BadInputError` for an unknown name, or one that is no metric."""
    point = plugins.find(GROUP, name)
    metric = point.load()
    if not isinstance(metric, SumMetric | WeightMetric):
        raise BadInputError(
            where=f"entry point {name} of {GROUP}",
            expected="a SumMetric or WeightMetric (xkd_bench.metrics.contract)",
            found=f"{type(metric).__name__} at {point.value}",
            fix="let the entry point name the metric itself, e.g. package.module:metric",
        )
    if metric.card != _card(name):
        raise BadInputError(
            where=f"entry point {name} of {GROUP}",
            expected=f"the metric to carry the card beside its code ({point.module})",
            found="another card",
            fix="make it with card=card_beside(__file__)",
        )
    return metric


def load_all() -> tuple[Metric, ...]:
    """Every installed metric, sorted by name."""
    return tuple(load(name) for name in plugins.installed(GROUP))
