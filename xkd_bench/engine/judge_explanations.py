"""From the table of explanations to scores of alignment, their scale and whether they survive another fill.

What need not survive is a comparison. A student that saw masked words in training may stand where others stand and owe
its place to the fill: its own number is the same with both fills, while its gain over a student of the same method that
saw none is there with the one fill and not with the other. Hence a baseline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xkd_bench.metrics import registry
from xkd_bench.metrics.alignment_scoring import (
    Alignment,
    References,
    fill_gap,
    score_alignment,
    score_examples,
    similarities,
    without_punctuation,
)
from xkd_bench.metrics.contract import ExplanationView, FloatArray, IntArray, PairView, Reason, Score
from xkd_bench.records.explanations_table import ROLES, ExplainerColumns, ExplanationsTable, Role, view_of
from xkd_bench.records.schema import GainVerdict, Verdict

HEADLINE = "centred_cosine"
SAME, DIFFERENT, WORDS_ONLY = "same_prediction", "different_prediction", "without_punctuation"
SMALL_GAP = 0.05  # a difference between two fills that changes nothing one would say

Masks = Mapping[str, NDArray[np.bool_]]


@dataclass(frozen=True)
class ExplainerJudgement:
    """One explainer, with one fill where it reads maskings. alignments: measure → everything beside its mean. gains:
    measure → mean of student − baseline, without entries where there is no baseline."""

    alignments: dict[str, Alignment]
    disattenuated: dict[str, Score]
    gains: dict[str, Score]
    reliability: dict[Role, Score]
    notes: dict[Role, dict[str, float]]


@dataclass(frozen=True)
class FillJudgement:
    """gap: headline with this fill − headline with the first one, paired. verdicts: fill → where the student stands.
    gain_gap, gain_verdicts: the same of the gain over the baseline, None and empty without one."""

    gap: Score
    verdicts: dict[str, Verdict]
    gain_gap: Score | None
    gain_verdicts: dict[str, GainVerdict]

    @property
    def survives(self) -> bool:
        """Whether no verdict differs between the fills, and no value by more than `SMALL_GAP`."""
        gaps = (self.gap, self.gain_gap)
        same = len(set(self.verdicts.values())) == 1 and len(set(self.gain_verdicts.values())) <= 1
        return same and not any(_is_large(gap) for gap in gaps if gap is not None)


@dataclass(frozen=True)
class AlignmentJudgement:
    """scores: `centred_cosine.lime`, `coalition_fidelity`, … of all explained examples; slices: of parts of them."""

    scores: dict[str, Score]
    slices: dict[str, dict[str, Score]]
    explainers: dict[str, ExplainerJudgement]
    fills: dict[str, FillJudgement]


def judge_explanations(
    table: ExplanationsTable, pair: PairView, slices: Masks, resamples: int, seed_words: tuple[str, ...]
) -> AlignmentJudgement:
    """Score every measure of every explainer over the explained examples, which are some of the pair's.

    slices: name → mask over the examples of `pair`.
    """
    judge = _Judge(table, pair, slices, resamples, seed_words)
    scores: dict[str, Score] = {}
    parts: dict[str, dict[str, Score]] = {}
    found = {key: judge.explainer(key, columns, scores, parts) for key, columns in table.explainers.items()}
    for place, (fill, metrics) in enumerate(table.coalitions.items()):
        judge.coalitions("" if place == 0 else f".{fill}", metrics, scores, parts)
    first, *others = table.coalitions or ("",)
    fills = {
        f"{key}.{fill}": judge.fill(key, first, f"{key}.{fill}", fill, scores, found)
        for fill in others
        for key in table.explainers
        if f"{key}.{fill}" in table.explainers
    }
    return AlignmentJudgement(scores, parts, found, fills)


class _Judge:
    """What all scores of one table share."""

    def __init__(
        self, table: ExplanationsTable, pair: PairView, slices: Masks, resamples: int, seed_words: tuple[str, ...]
    ) -> None:
        place = {example_id: row for row, example_id in enumerate(pair.teacher.example_ids)}
        rows = np.array([place[example_id] for example_id in table.example_ids], dtype=np.int64)
        self.table, self.resamples, self.seed_words = table, resamples, seed_words
        self.target: IntArray = pair.teacher.predicted[rows]
        self.clusters = None if pair.teacher.clusters is None else pair.teacher.clusters[rows]
        self.parts = {name: mask[rows] for name, mask in slices.items()}
        self.has_punctuation = any(mask.any() for mask in table.punctuation)
        if pair.teacher.kind == "classification":
            same = pair.student.predicted[rows] == self.target
            self.parts |= {SAME: same, DIFFERENT: ~same}

    def view(self, columns: ExplainerColumns) -> ExplanationView:
        teacher, student = columns.vectors["teacher"], columns.vectors["student"]
        ids, punctuation = self.table.example_ids, self.table.punctuation
        return view_of(ids, teacher, student, punctuation, columns.reasons, self.target, self.clusters)

    def explainer(
        self, key: str, columns: ExplainerColumns, scores: dict[str, Score], parts: dict[str, dict[str, Score]]
    ) -> ExplainerJudgement:
        view = self.view(columns)
        words = without_punctuation(view) if self.has_punctuation else None
        reliability = columns.reliability
        alignments: dict[str, Alignment] = {}
        disattenuated: dict[str, Score] = {}
        gains: dict[str, Score] = {}
        for metric in registry.similarity_metrics():
            name, nothing = metric.card.name, np.empty((len(view.example_ids), 0))
            references = References(columns.retrained.get(name, nothing), columns.random_student.get(name))
            alignment = score_alignment(view, metric, references, self.resamples, self.seed_words, self.parts)
            alignments[name] = alignment
            scores[f"{name}.{key}"] = alignment.mean
            for part, score in alignment.parts.items():
                parts.setdefault(part, {})[f"{name}.{key}"] = score
            if words is not None:
                parts.setdefault(WORDS_ONLY, {})[f"{name}.{key}"] = self.mean(similarities(words, metric))
            if reliability and name == HEADLINE:
                disattenuated[name] = self.mean(_disattenuated(similarities(view, metric), reliability))
            if name in columns.baseline:
                gains[name] = self.mean(similarities(view, metric) - columns.baseline[name])
        return ExplainerJudgement(
            alignments,
            disattenuated,
            gains,
            {role: self.mean(values) for role, values in reliability.items()},
            {
                role: {name: float(np.nanmean(values)) for name, values in notes.items() if not np.isnan(values).all()}
                for role, notes in columns.notes.items()
            },
        )

    def coalitions(
        self,
        suffix: str,
        metrics: Mapping[str, FloatArray],
        scores: dict[str, Score],
        parts: dict[str, dict[str, Score]],
    ) -> None:
        for name, values in metrics.items():
            scores[f"{name}{suffix}"], found = self.score(values, self.parts)
            for part, score in found.items():
                parts.setdefault(part, {})[f"{name}{suffix}"] = score

    def fill(
        self,
        key: str,
        first: str,
        other_key: str,
        fill: str,
        scores: Mapping[str, Score],
        found: Mapping[str, ExplainerJudgement],
    ) -> FillJudgement:
        metric = next(metric for metric in registry.similarity_metrics() if metric.card.name == HEADLINE)
        columns = [self.table.explainers[name] for name in (key, other_key)]
        values = [similarities(self.view(one), metric) for one in columns]
        baselines = [one.baseline[HEADLINE] for one in columns if HEADLINE in one.baseline]
        both = ((first, key), (fill, other_key))
        return FillJudgement(
            gap=self.gap(values),
            verdicts={
                name: verdict_of(scores[f"{HEADLINE}.{of}"], found[of].alignments[HEADLINE]) for name, of in both
            },
            gain_gap=self.gap([own - other for own, other in zip(values, baselines, strict=True)])
            if baselines
            else None,
            gain_verdicts={name: gain_verdict_of(found[of].gains[HEADLINE]) for name, of in both} if baselines else {},
        )

    def gap(self, values: Sequence[FloatArray]) -> Score:
        """Mean of second fill − first fill, per-example numbers."""
        return fill_gap(values[0], values[1], self.resamples, self.seed_words, self.table.example_ids, self.clusters)

    def score(self, values: FloatArray, parts: Masks) -> tuple[Score, dict[str, Score]]:
        return score_examples(values, self.resamples, self.seed_words, parts, self.table.example_ids, self.clusters)

    def mean(self, values: FloatArray) -> Score:
        return self.score(values, {})[0]


def _disattenuated(values: FloatArray, reliability: Mapping[Role, FloatArray]) -> FloatArray:
    """value / √(reliability of both): what noise of the sample took away; NaN where a reliability is not positive."""
    theirs, ours = (np.where(reliability[role] > 0, reliability[role], np.nan) for role in ROLES)
    return np.asarray(values / np.sqrt(theirs * ours))


def verdict_of(value: Score, alignment: Alignment) -> Verdict:
    """Where the student stands between chance and the teacher trained again (`records.schema.Verdict`)."""
    low, high = alignment.calibrated.low, alignment.calibrated.high
    if low is not None and high is not None:
        if low <= 0:
            return "chance"
        if low > 0.5:
            return "as_retrained" if high >= 1 else "nearer_retrained"
        return "nearer_chance" if high < 0.5 else "undecided"
    if value.low is None or alignment.floor.high is None:
        return "none"
    return "beyond_chance" if value.low > alignment.floor.high else "chance"


def gain_verdict_of(gain: Score) -> GainVerdict:
    """On which side of 0 the interval of a gain lies (`records.schema.GainVerdict`)."""
    if gain.low is None or gain.high is None:
        return "none"
    return "higher" if gain.low > 0 else "lower" if gain.high < 0 else "even"


def _is_large(gap: Score) -> bool:
    """Whether the difference between two fills is shown, and more than small."""
    if gap.value is None or gap.low is None or gap.high is None:
        return False
    return abs(gap.value) > SMALL_GAP and (gap.low > 0 or gap.high < 0)


def undefined_alignment(explainers: tuple[str, ...], reason: Reason) -> dict[str, Score]:
    """Every score of alignment of a protocol's explainers, without a value."""
    names = [f"{metric.card.name}.{key}" for metric in registry.similarity_metrics() for key in explainers]
    names += [metric.card.name for metric in registry.coalition_metrics()]
    return {name: Score.undefined(reason) for name in names}
