"""What every picture on the board is drawn with: straight axes with round ticks, coordinates as text, short labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

Estimate = tuple[float, float | None, float | None]  # value, low, high

LONGEST = 26


@dataclass(frozen=True)
class Tick:
    at: str
    label: str


@dataclass(frozen=True)
class Scale:
    """A straight axis from data [low, high] to pixels [start, end], with ticks at the multiples of `step` inside."""

    low: float
    high: float
    start: float
    end: float
    step: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> tuple[Tick, ...]:
        decimals = max(0, -floor(log10(self.step) + 1e-9))
        first, last = ceil(self.low / self.step - 1e-9), floor(self.high / self.step + 1e-9)
        values = [round(index * self.step, decimals) for index in range(first, last + 1)]
        return tuple(Tick(pixel(self(value)), f"{value:.{decimals}f}".replace("-", "−")) for value in values)


def pixel(value: float) -> str:
    """A coordinate with one decimal, without a negative zero: the same bytes everywhere."""
    return f"{value + 0.0:.1f}".replace("-0.0", "0.0")


def step_for(span: float) -> float:
    """The round step (1, 2 or 5 times a power of ten) that cuts `span` into at most six parts."""
    power = 10.0 ** floor(log10(span / 6))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor * 6 >= span * (1 - 1e-9))


def scale_for(values: Sequence[float], start: float, end: float) -> Scale:
    """Round ends around `values`, at least 0.1 apart."""
    low, high = min(values), max(values)
    if high - low < 0.1:
        middle = (low + high) / 2
        low, high = middle - 0.05, middle + 0.05
    step = step_for(high - low)
    return Scale(floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step, start, end, step)


def ends(estimate: Estimate) -> tuple[float, float]:
    """Ends of the whisker; a point without an interval has none."""
    value, low, high = estimate
    return (value, value) if low is None or high is None else (low, high)


def within(estimate: Estimate | None, least: float, most: float) -> Estimate | None:
    """The estimate with its interval cut to [least, most]; None for a value that lies outside, or for none."""
    if estimate is None or not least <= estimate[0] <= most:
        return None
    value, low, high = estimate
    if low is None or high is None:
        return value, None, None
    return value, min(max(low, least), most), min(max(high, least), most)


def shortened(text: str, longest: int = LONGEST) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
