"""How long all prediction metrics of one task take under 10,000 resamples.

    python tests/benchmarks/resampling.py [--examples 1043 --resamples 10000 --rounds 3]

Made-up answers of student and teacher to a task of two classes; every installed metric of a model and of a pair, all
under the same draws. Goal: below 2 s on 2 cores. Seconds are those of the clock, the least of the rounds.
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np

from xkd_bench.metrics import registry
from xkd_bench.metrics.contract import ModelView, PairView
from xkd_bench.metrics.scoring import applies, resample
from xkd_bench.randomness import generator

GOAL = 2.0


def made_up(n: int) -> PairView:
    """n examples; the teacher is right on some 83 % of them, the student answers much as the teacher does."""
    random = generator("resampling benchmark", n)
    labels = (random.random(n) < 0.7).astype(np.int64)
    ids = tuple(f"{place:06d}" for place in range(n))
    said = np.where(random.random(n) < 0.83, labels, 1 - labels)
    teacher = np.eye(2)[said] * 2 + random.normal(0, 0.8, (n, 2))
    student = teacher + random.normal(0, 0.8, (n, 2))
    models = [ModelView("classification", ids, labels, logits, 2) for logits in (student, teacher)]
    return PairView(*models)


def measure(n: int, resamples: int) -> tuple[float, int]:
    """Seconds, and how many metrics there were."""
    pair = made_up(n)
    installed = [one for one in registry.prediction_metrics() if "classification" in one.card.kinds]
    of_model = [one for one in installed if applies(one.card, pair.student)]
    of_pair = [one for one in installed if applies(one.card, pair)]
    began = time.perf_counter()
    resample(pair.student, of_model, resamples, ("benchmark",))
    resample(pair.teacher, of_model, resamples, ("benchmark",))
    resample(pair, of_pair, resamples, ("benchmark",))
    return time.perf_counter() - began, 2 * len(of_model) + len(of_pair)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=1043)
    parser.add_argument("--resamples", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    found = [measure(given.examples, given.resamples) for _ in range(given.rounds)]
    seconds, metrics = min(found)
    verdict = "below" if seconds < GOAL else "above"
    print(
        f"{metrics} scores, {given.examples:,} examples, {given.resamples:,} resamples: {seconds:.2f} s "
        f"({verdict} the goal of {GOAL:g} s), {os.cpu_count()} cores"
    )


if __name__ == "__main__":
    main()
