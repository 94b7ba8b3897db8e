"""Do 95 % intervals hold what they promise, and the gate its error rates? By simulation, with the code that is used.

    python tests/benchmarks/interval_coverage.py [--replicates 2000 --resamples 1000 --examples 70 277 1043]
        [--part intervals]

intervals: examples are drawn from populations of which the true value is known; how often do the percentile and the
BCa interval hold it? Goal 95 ± 1.5 %, and at n = 70 at least 92 %, or the interval is called approximate.
gate: a baseline and a candidate whose true difference is 0, −margin or −2 margins, the margin being that of
`margin_from_power` for this population and n. How often does the gate pass, fail, stay undecided?

The populations: answers to a task of two classes (70 to 30 %), teacher right on 83 % of the examples; students that
repeat it on 95 % of the easy two thirds and on 72 % of the others, each on its own; cosines 2 · Beta(8, 1.5) − 1, areas
Beta(2, 3); of right answers 90 % stay right when perturbed, of wrong ones 15 % become right, three draws each.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xkd_bench.metrics import registry
from xkd_bench.metrics.chance_corrected import rater_statistics
from xkd_bench.metrics.contract import FloatArray, PerturbedScoreMetric, SumMetric
from xkd_bench.metrics.quantity import Summed, dense, mean_of
from xkd_bench.randomness import generator
from xkd_bench.statistics.bca import bca_interval
from xkd_bench.statistics.intervals import percentile_interval
from xkd_bench.statistics.jackknife import groups
from xkd_bench.verdicts.gate import status_of
from xkd_bench.verdicts.margins import margin_from_power
from xkd_bench.verdicts.paired import draws_of, paired, spread

MAJORITY, TEACHER_RIGHT = 0.7, 0.83
EASY, AGREES = 2 / 3, (0.95, 0.72)
STAYS, MENDED, DRAWS = 0.9, 0.15, 3
COSINE, AREA = (8.0, 1.5), (2.0, 3.0)
LARGE = 2_000_000  # examples that stand for the population where its value has no formula

Random = np.random.Generator
Quantities = dict[str, Summed]


@dataclass(frozen=True)
class Coverage:
    """How often each kind of interval held the true value of one score, of so many replicates."""

    name: str
    n: int
    percentile: float
    bca: float

    @property
    def standing(self) -> str:
        if abs(self.percentile - 0.95) <= 0.015:
            return "holds"
        return "holds for so few" if self.n <= 70 and self.percentile >= 0.92 else "approximate"


def labels_and_answers(random: Random, n: int, worse: float = 0.0) -> dict[str, NDArray[np.int64]]:
    """Labels, the teacher's answers and those of two students; the second one turns a share `worse` of its
    agreements round."""
    labels = (random.random(n) < MAJORITY).astype(np.int64)
    teacher = np.where(random.random(n) < TEACHER_RIGHT, labels, 1 - labels)
    agrees = np.where(random.random(n) < EASY, *AGREES)
    first = np.where(random.random(n) < agrees, teacher, 1 - teacher)
    second = np.where(random.random(n) < agrees, teacher, 1 - teacher)
    turned = (random.random(n) < worse) & (second == teacher)
    return {"labels": labels, "teacher": teacher, "first": first, "second": np.where(turned, 1 - second, second)}


def of_raters(name: str, one: NDArray[np.int64], other: NDArray[np.int64], ids: tuple[str, ...]) -> Summed:
    metric = registry.load(name)
    assert isinstance(metric, SumMetric)
    return Summed(ids, None, len(ids), dense(rater_statistics(one, other, 2)), metric.finish)


def relative_drop(right: NDArray[np.bool_], perturbed: NDArray[np.bool_], ids: tuple[str, ...]) -> Summed:
    metric = registry.load("relative_drop")
    assert isinstance(metric, PerturbedScoreMetric)

    def finish(sums: FloatArray) -> FloatArray:
        shares = sums[..., 1:] / sums[..., :1]
        return metric.combine(shares[..., 0], shares[..., 1:])

    columns = np.column_stack([np.ones(len(ids)), right, perturbed]).astype(np.float64)
    return Summed(ids, None, len(ids), columns, finish)


def sample(random: Random, n: int, ids: tuple[str, ...]) -> Quantities:
    """Every score of n examples drawn from the populations."""
    said = labels_and_answers(random, n)
    right = random.random(n) < TEACHER_RIGHT
    kept = np.where(right[:, np.newaxis], random.random((n, DRAWS)) < STAYS, random.random((n, DRAWS)) < MENDED)
    return {
        "accuracy": mean_of(ids, (said["first"] == said["labels"]).astype(np.float64), None),
        "MCC": of_raters("mcc", said["first"], said["labels"], ids),
        "κ": of_raters("kappa", said["first"], said["teacher"], ids),
        "mean cosine": mean_of(ids, 2.0 * random.beta(*COSINE, n) - 1.0, None),
        "AUC": mean_of(ids, random.beta(*AREA, n), None),
        "relative drop": relative_drop(right, kept, ids),
    }


def truths() -> dict[str, float]:
    """The population's own values: by formula for means, else of two million examples."""
    random = generator("coverage", "population")
    said = labels_and_answers(random, LARGE)
    named = tuple(map(str, range(LARGE)))
    perturbed = TEACHER_RIGHT * STAYS + (1 - TEACHER_RIGHT) * MENDED
    agrees = EASY * AGREES[0] + (1 - EASY) * AGREES[1]
    return {
        "accuracy": TEACHER_RIGHT * agrees + (1 - TEACHER_RIGHT) * (1 - agrees),
        "MCC": of_raters("mcc", said["first"], said["labels"], named).plain(),
        "κ": of_raters("kappa", said["first"], said["teacher"], named).plain(),
        "mean cosine": 2.0 * COSINE[0] / sum(COSINE) - 1.0,
        "AUC": AREA[0] / sum(AREA),
        "relative drop": (TEACHER_RIGHT - perturbed) / TEACHER_RIGHT,
    }


def coverage(n: int, replicates: int, resamples: int, true: dict[str, float]) -> list[Coverage]:
    ids, held = tuple(f"{place:06d}" for place in range(n)), Counter[tuple[str, str]]()
    for replicate in range(replicates):
        quantities = sample(generator("coverage", n, replicate), n, ids)
        drawn = draws_of(quantities, resamples, ("coverage", str(replicate)))
        for name, one in quantities.items():
            values = drawn[name]
            both = {
                "percentile": percentile_interval(values[1:]),
                "bca": bca_interval(float(values[0]), values[1:], one.without(groups(n))),
            }
            for kind, (low, high) in both.items():
                held[name, kind] += low is not None and high is not None and low <= true[name] <= high
    return [Coverage(name, n, *(held[name, kind] / replicates for kind in ("percentile", "bca"))) for name in true]


def kappas(random: Random, n: int, worse: float, ids: tuple[str, ...]) -> tuple[Summed, Summed]:
    said = labels_and_answers(random, n, worse)
    one, other = (of_raters("kappa", said[name], said["teacher"], ids) for name in ("first", "second"))
    return one, other


def cosines(random: Random, n: int, worse: float, ids: tuple[str, ...]) -> tuple[Summed, Summed]:
    """Cosines of two students that share what makes an example hard; the second one's are lower by `worse`."""
    shared = random.beta(*COSINE, n)
    one, other = (random.beta(*COSINE, n) + shared for _ in range(2))
    return mean_of(ids, one - 1.0, None), mean_of(ids, other - 1.0 - worse, None)


def turned_for(fall: float) -> float:
    """The share of agreements to turn round for κ to fall by so much, by bisection over two million examples."""
    named = tuple(map(str, range(LARGE)))
    low, high = 0.0, 0.5
    for _ in range(12):
        middle = (low + high) / 2
        said = labels_and_answers(generator("coverage", "fall"), LARGE, middle)
        one, other = (of_raters("kappa", said[name], said["teacher"], named).plain() for name in ("first", "second"))
        low, high = (middle, high) if one - other < fall else (low, middle)
    return (low + high) / 2


def rates(
    make: Callable[..., tuple[Summed, Summed]], n: int, worse: float, margin: float, replicates: int, resamples: int
) -> dict[str, float]:
    """Outcome → how often the gate gives it."""
    ids, found = tuple(f"{place:06d}" for place in range(n)), Counter[str]()
    for replicate in range(replicates):
        one, other = make(generator("gate", n, replicate), n, worse, ids)
        drawn = draws_of({"one": one, "other": other}, resamples, ("gate", str(replicate)))
        difference = paired(one, other, (drawn["one"], drawn["other"]))
        found[status_of(difference.value, *difference.interval(), margin, n)[0]] += 1
    return {status: found[status] / replicates for status in ("pass", "fail", "undecided")}


def margin_of(make: Callable[..., tuple[Summed, Summed]], n: int, resamples: int) -> float:
    """The default margin of this population: the middle one of 25 baselines."""
    ids, margins = tuple(f"{place:06d}" for place in range(n)), []
    for replicate in range(25):
        one, _ = make(generator("margin", n, replicate), n, 0.0, ids)
        margins.append(margin_from_power(spread(draws_of({"one": one}, resamples, ("margin",))["one"][1:])) or np.nan)
    return float(np.median(margins))


def print_intervals(sizes: Sequence[int], replicates: int, resamples: int) -> None:
    true = truths()
    print(f"{replicates:,} replicates, {resamples:,} resamples; simulation error {error(replicates):.1%}\n")
    print("| score | n | percentile | BCa | |\n| --- | ---: | ---: | ---: | --- |")
    for n in sizes:
        for one in coverage(n, replicates, resamples, true):
            print(f"| {one.name} | {n} | {one.percentile:.1%} | {one.bca:.1%} | {one.standing} |", flush=True)


def print_gate(sizes: Sequence[int], replicates: int, resamples: int) -> None:
    print("\n| score | n | margin | true difference | pass | fail | undecided |")
    print("| --- | ---: | ---: | --- | ---: | ---: | ---: |")
    kinds: dict[str, tuple[Any, Callable[[float], float]]] = {
        "κ": (kappas, turned_for),
        "mean cosine": (cosines, lambda fall: fall),
    }
    for name, (make, worse_by) in kinds.items():
        for n in sizes:
            margin = margin_of(make, n, resamples)
            for times, told in ((0, "0"), (1, "−margin"), (2, "−2 margins")):
                worse = worse_by(times * margin) if times else 0.0
                found = rates(make, n, worse, margin, replicates, resamples)
                shares = " | ".join(f"{share:.1%}" for share in found.values())
                print(f"| {name} | {n} | {margin:g} | {told} | {shares} |", flush=True)


def error(replicates: int) -> float:
    """Standard error of a coverage of 95 %."""
    return float(np.sqrt(0.95 * 0.05 / replicates))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicates", type=int, default=2000)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--examples", type=int, nargs="+", default=[70, 277, 1043])
    parser.add_argument("--part", choices=("intervals", "gate", "both"), default="both")
    given = parser.parse_args()
    if given.part != "gate":
        print_intervals(given.examples, given.replicates, given.resamples)
    if given.part != "intervals":
        print_gate(given.examples, given.replicates, given.resamples)


if __name__ == "__main__":
    main()
