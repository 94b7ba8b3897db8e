"""Do both explanations name the same units as the ones that matter most?

k = ⌈n / 5⌉ of n units, by absolute score: a unit that speaks strongly against the class matters as much as one that
speaks for it. Units tied for the last places share what places are left in equal parts, so that no order of the units
decides; a unit in both explanations counts for the smaller of its two parts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import FloatArray, SimilarityMetric


@dataclass(frozen=True)
class _Top:
    """The k largest of each row: `inside` (p, n) for certain, `tied` (p, n) for the `places` (p,) that are left."""

    inside: NDArray[np.bool_]
    tied: NDArray[np.bool_]
    places: NDArray[np.int64]

    def share(self, units: NDArray[np.bool_]) -> FloatArray:
        """Places that the tied ones of `units` (p, n) hold together, (p,). Exactly `places` for all of them."""
        return np.asarray((self.tied & units).sum(axis=-1) * self.places / self.tied.sum(axis=-1))


def similarity(teacher: FloatArray, student: FloatArray) -> FloatArray:
    """(p, n) and (p, n) → (p,); NaN where a row is all zeros."""
    k = -(-teacher.shape[-1] // 5)
    one, other = _top(np.abs(teacher), k), _top(np.abs(student), k)
    tied = one.tied & other.tied
    common = (one.inside & other.inside).sum(axis=-1) + one.share(other.inside) + other.share(one.inside)
    common = common + np.minimum(one.share(tied), other.share(tied))
    return np.where(teacher.any(axis=-1) & student.any(axis=-1), common / k, np.nan)


def _top(sizes: FloatArray, k: int) -> _Top:
    last = np.partition(sizes, -k, axis=-1)[..., -k, np.newaxis]
    inside = sizes > last
    return _Top(inside, sizes == last, k - inside.sum(axis=-1))


metric = SimilarityMetric(card=card_beside(__file__), similarity=similarity)
