"""Places in a track: what cannot be told apart shares one. Beside each place, how far down and up it could be.

Rows are compared on the same resampled examples, so what all students find hard counts for none of them. What a place
says holds for these checkpoints on other examples of the kind; other training seeds are not in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xkd_bench.metrics import registry
from xkd_bench.metrics.alignment_scoring import similarities
from xkd_bench.metrics.contract import FloatArray, PairView, SimilarityMetric, SumMetric, WeightMetric
from xkd_bench.metrics.draws import Means
from xkd_bench.metrics.draws import resample as resample_statistics
from xkd_bench.metrics.scoring import applies, resample
from xkd_bench.metrics.tables import join, model_view
from xkd_bench.records.examples_table import ExamplesTable, read_examples
from xkd_bench.records.explanations_table import ROLES, ExplainerColumns, Vectors, read_vectors, view_of
from xkd_bench.records.schema import TaskResult
from xkd_bench.records.submission import TaskEntry
from xkd_bench.statistics.ranks import rank_sets
from xkd_bench.statistics.resampling import largest_total_weight

RESAMPLES = 1000
MISSING_ALLOWED = 0.05  # of the draws of a row
OF_AGREEMENT = ("kappa", "teacher_student_pearson")
OF_REASONS = "centred_cosine"
SIZES = (
    10_000_000,
    30_000_000,
    100_000_000,
    400_000_000,
)  # parameters; students are ranked by class of size

PairedDraws = Mapping[str, FloatArray]  # score → its plain value, then its value under each draw, (1 + RESAMPLES,)


@dataclass(frozen=True)
class Place:
    """first, last: the places that are possible, 1 the best. of: rows that were compared."""

    first: int
    last: int
    of: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}–{self.last}"


def paired_draws(entry: TaskEntry) -> dict[str, FloatArray]:
    """The headline score, agreement and the cosine of each explainer under draws that all rows of a track share.

    The same numbers as `verdicts.measured` and `verdicts.paired` give (a test holds them together), read from the few
    columns they need: a long board asks for thirteen thousand rows, a comparison for two.

    Empty where the tables are not beside the record, or no teacher was given. Raises `SubmissionError` for tables that
    cannot be read.
    """
    result, path = entry.result, entry.folder / "examples.parquet"
    if result.teacher is None or not path.is_file():
        return {}
    table = read_examples(path, result.task.kind, len(result.labels) or 1)
    if table.teacher is None:
        return {}
    seed_words = ("ranks", result.task.fingerprint)
    pair = join(table.labels, table.student, table.teacher)
    found = {}
    for name in dict.fromkeys((result.task.headline, *OF_AGREEMENT)):
        metric = registry.load(name) if name in registry.cards() else None
        if not isinstance(metric, SumMetric | WeightMetric):
            continue
        view = pair if metric.card.subject == "pair" else model_view(table.labels, table.student, "student predictions")
        if applies(metric.card, view) and table.labels.kind in metric.card.kinds:
            drawn = resample(view, [metric], RESAMPLES, seed_words)[name]
            found[name] = np.concatenate([[drawn.value], drawn.values])
    return found | _reasons(entry, table, pair, seed_words)


def _reasons(
    entry: TaskEntry, table: ExamplesTable, pair: PairView, seed_words: tuple[str, ...]
) -> dict[str, FloatArray]:
    explained = entry.result.explanations
    path = entry.folder / "explanations.parquet"
    if explained is None or not explained.explainers or not path.is_file():
        return {}
    measure = registry.load(OF_REASONS)
    assert isinstance(measure, SimilarityMetric)
    ids, found = read_vectors(path, list(explained.explainers))
    cosines = _cosines(ids, found, measure)
    row_of = {example_id: row for row, example_id in enumerate(pair.student.example_ids)}
    order = np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)
    clusters = table.labels.clusters
    if clusters is not None:
        clusters = clusters[[row_of[ids[place]] for place in order]]
    means = Means(cosines[order], largest_total_weight(len(ids), clusters))
    (drawn,) = resample_statistics([means], len(ids), clusters, RESAMPLES, seed_words)
    return {
        f"{OF_REASONS}.{key}": one.values if one.n else np.full(1 + RESAMPLES, np.nan)
        for key, one in zip(explained.explainers, drawn, strict=True)
    }


def _cosines(ids: tuple[str, ...], found: Mapping[str, ExplainerColumns], measure: SimilarityMetric) -> FloatArray:
    """Of each example by each explainer, (n, explainers); all in one go, since a value depends on its vectors alone."""
    teacher, student = (
        Vectors(
            tuple(row for columns in found.values() for row in columns.vectors[role].steps),
            np.concatenate([columns.vectors[role].scale for columns in found.values()]),
        )
        for role in ROLES
    )
    reasons = tuple(reason for columns in found.values() for reason in columns.reasons)
    none = [np.zeros(len(row), dtype=np.bool_) for row in teacher.steps]
    nobody = np.zeros(len(reasons), dtype=np.int64)
    view = view_of(ids * len(found), teacher, student, none, reasons, nobody)
    return similarities(view, measure).reshape(len(found), len(ids)).T


def size_class(parameters: int) -> int:
    """Which class of sizes a student belongs to; the last one has no upper end."""
    return sum(parameters > size for size in SIZES)


def places(
    rows: Sequence[tuple[TaskResult, PairedDraws]], scores: Sequence[str], lower_is_better: frozenset[str] = frozenset()
) -> list[dict[str, Place]]:
    """Score → place, of each row of one track. A row has none where it is weak, or where the score has no value, is
    flagged, or could not be drawn again from its tables."""
    found: list[dict[str, Place]] = [{} for _ in rows]
    classes = sorted({size_class(result.student.parameters) for result, _ in rows})
    for score in scores:
        for size in classes:
            inside = [
                row
                for row, (result, draws) in enumerate(rows)
                if size_class(result.student.parameters) == size and can_be_ranked(result, draws, score)
            ]
            if not inside:
                continue
            sign = -1.0 if score in lower_is_better else 1.0
            drawn = np.stack([rows[row][1][score] for row in inside]).astype(np.float64) * sign
            # A draw without a value for one row is left out for all, so that the others stay side by side.
            drawn = drawn[:, np.isfinite(drawn).all(axis=0)]
            for row, (first, last) in zip(inside, rank_sets(drawn[:, 0], drawn[:, 1:]).tolist(), strict=True):
                found[row][score] = Place(first, last, len(inside))
    return found


def can_be_ranked(result: TaskResult, draws: PairedDraws, score: str) -> bool:
    """Whether the student is valid, and its score stands and was drawn again."""
    gate = result.gate.get("student")
    return gate is not None and gate.status == "valid" and can_be_compared(result, draws, score)


def can_be_compared(result: TaskResult, draws: PairedDraws, score: str) -> bool:
    """Whether the score stands, without a flag, and was drawn again."""
    told, drawn = result.scores.get(score), draws.get(score)
    if told is None or told.status != "ok" or drawn is None:
        return False
    return bool(np.isfinite(drawn[0]) and np.isnan(drawn).mean() <= MISSING_ALLOWED)
