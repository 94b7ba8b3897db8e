"""What the mean similarity would be if the student's explanations were exchanged among examples of one kind."""

from __future__ import annotations

import math

import numpy as np

from xkd_bench.metrics.alignment.vectors import grouped, stacked
from xkd_bench.metrics.contract import ExplanationView, FloatArray, IntArray, SimilarityMetric
from xkd_bench.metrics.quotient import quotient
from xkd_bench.statistics.exact_sums import summable

_LARGEST = 256  # larger strata are divided: with 255 partners each, the pairs' own noise is 1/16 of the mean's
_BLOCK = 2_000_000  # scores of pairs held at a time


class Floor:
    """Σ_g w_g f_g / Σ_g w_g over strata g of examples with one number of units and one class of the teacher.

    w_g = Σ_{i ∈ g} w_i, f_g = Σ_{i ≠ j ∈ g} w_i w_j c_ij / Σ_{i ≠ j ∈ g} w_i w_j, c_ij the similarity of the teacher's
    explanation of i and the student's of j. With every weight 1 it is the expected mean when the student's explanations
    are permuted inside the strata so that none keeps its place. A stratum thus weighs as much as in the mean itself;
    with one sum over all pairs it would weigh by the square of its size. Where examples are clustered, i and j are of
    different clusters. An example without such a partner is left out; n counts the others.

    The interval errs on the wide side, up to √3 times, where explanations of different examples have nothing in common:
    the bootstrap of such a sum over pairs takes chance likenesses of two examples for likenesses of more.

    values: (n,), NaN where an example cannot be compared. The view is in the order of the ids.
    """

    def __init__(
        self, view: ExplanationView, metric: SimilarityMetric, values: FloatArray, largest_total_weight: int
    ) -> None:
        keys = [(len(vector), int(label)) for vector, label in zip(view.teacher, view.teacher_class, strict=True)]
        self._strata: list[_Stratum] = []
        for rows in grouped(np.flatnonzero(~np.isnan(values)).tolist(), keys):
            parts = -(-len(rows) // _LARGEST)
            self._strata += [_Stratum(view, metric, rows[start::parts], largest_total_weight) for start in range(parts)]
        self.n = [sum(len(stratum.rows) for stratum in self._strata)]

    def plain(self) -> FloatArray:
        return quotient([math.fsum(stratum.plain() for stratum in self._strata)], self.n)

    def under(self, weights: FloatArray) -> FloatArray:
        sums, total = np.zeros(len(weights)), np.zeros(len(weights))
        for stratum in self._strata:
            drawn, similarity = stratum.under(weights)
            has_pairs = ~np.isnan(similarity)
            sums[has_pairs] += (drawn * similarity)[has_pairs]
            total[has_pairs] += drawn[has_pairs]
        return quotient(sums, total)[:, np.newaxis]


class _Stratum:
    """Examples whose explanations can stand for each other; `rows` are those of them that have a partner."""

    def __init__(
        self, view: ExplanationView, metric: SimilarityMetric, rows: IntArray, largest_total_weight: int
    ) -> None:
        names = rows if view.clusters is None else view.clusters[rows]
        are_partners = np.asarray(names[:, np.newaxis] != names)
        has_partner = are_partners.any(axis=1)
        self.rows = rows[has_partner]
        self._are_partners = are_partners[np.ix_(has_partner, has_partner)].astype(np.float64)
        self._pairs = self._are_partners * _all_pairs(view, metric, self.rows)
        exact = summable(self._pairs.reshape(-1, 1), largest_total_weight**2).reshape(self._pairs.shape)
        self._both = np.hstack([self._are_partners, exact])

    def plain(self) -> float:
        """Mean similarity over its pairs, times its examples."""
        pairs = self._are_partners.sum()
        return float(len(self.rows) * math.fsum(self._pairs.flat) / pairs) if pairs else 0.0

    def under(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Weight of its examples, and the mean similarity over its pairs; (r, n) → two (r,)."""
        own = weights[:, self.rows]
        partners, pairs = np.split(own @ self._both, 2, axis=1)
        return own.sum(axis=1), quotient((own * pairs).sum(axis=1), (own * partners).sum(axis=1))


def _all_pairs(view: ExplanationView, metric: SimilarityMetric, rows: IntArray) -> FloatArray:
    """Similarity of the teacher's explanation of i and the student's of j, (g, g) for the g examples `rows`."""
    if len(rows) == 0:
        return np.empty((0, 0))
    teacher, student = stacked(view.teacher, rows), stacked(view.student, rows)
    at_once = max(1, _BLOCK // teacher.size)
    blocks = [teacher[start : start + at_once] for start in range(0, len(rows), at_once)]
    return np.vstack([_against_each(metric, some, student) for some in blocks])


def _against_each(metric: SimilarityMetric, teacher: FloatArray, student: FloatArray) -> FloatArray:
    """(p, n) and (g, n) → (p, g)."""
    pairs = np.repeat(teacher, len(student), axis=0), np.tile(student, (len(teacher), 1))
    return metric.similarity(*pairs).reshape(len(teacher), len(student))
