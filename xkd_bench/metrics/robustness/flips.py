"""Flips of two models as two ratings of the same perturbed inputs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xkd_bench.metrics.chance_corrected import kappa_of_counts
from xkd_bench.metrics.contract import FloatArray


def flip_statistics(student: NDArray[np.bool_], teacher: NDArray[np.bool_]) -> FloatArray:
    """Flips (n, R) of both → (n, 4): equal ones, flips of the student, flips of the teacher, draws."""
    parts = [student == teacher, student, teacher, np.ones_like(student)]
    return np.stack([part.sum(axis=1) for part in parts], axis=1).astype(np.float64)


def kappa_of_flips(sums: FloatArray) -> FloatArray:
    """(…, 4) sums of `flip_statistics` → Cohen's κ; NaN where neither ever flips (or both always do)."""
    equal, student, teacher, total = np.moveaxis(sums, -1, 0)
    return kappa_of_counts(
        equal, np.stack([total - student, student], axis=-1), np.stack([total - teacher, teacher], axis=-1)
    )
