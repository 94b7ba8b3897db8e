"""What a metric is: per-example statistics and a `finish` of their weighted sums, or a function of weights.

A metric sees arrays that are already joined by example id and gives one number. Written as sums, one
resampling of examples serves every metric: a bootstrap draw is a vector of example weights w, and

    value(w) = finish( Σ_i w_i · statistics_i )    for a `SumMetric`
    value(w) = weigh(view, w)                      for a `WeightMetric`, without such a form (ranks, medians)

The plain value is value(1, …, 1). A metric that has no value gives NaN; `undefined_as` in its card says why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from xkd_bench.errors import ExampleIdError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

Subject = Literal["model", "pair", "explanation", "coalitions", "masking", "perturbed model", "perturbed pair"]
Group = Literal["quality", "agreement", "alignment", "faithfulness", "robustness", "calibration"]
TaskKind = Literal["classification", "regression"]
Direction = Literal["higher", "lower", "none"]
Status = Literal["ok", "flagged", "undefined"]
Reason = Literal[
    "degenerate",  # both raters constant, or a sum a quotient needs is empty
    "collapsed",  # one rater is constant: the value stands and says nothing
    "regression",  # the metric is about labels and the task has none
    "zero_vector",
    "too_few_units",
    "teacher_invalid",  # the teacher did not pass its gate
    "not_converged",
    "non_finite",
    "not_measured",  # no teacher was given, or the probe was not run
    "label_changing",  # the perturbation can change the true label, so a score against the old one says little
    "unfaithful",  # the student's own explanation is no better than chance, so there is nothing to hold another against
    "short_scale",  # floor and ceiling are closer than four standard errors of their difference
]


@dataclass(frozen=True)
class ModelView:
    """One model against the labels, n examples in the order of `example_ids`.

    labels: (n,) class indices in the task's canonical order, or real targets.
    logits: (n, C) in the same class order; (n, 1) predictions for regression.
    clusters: (n,) what examples share (a passage, a question), or None where every example stands alone.
    twins: n ids of the examples that make minimal pairs with these, or None where the task has none.
    """

    kind: TaskKind
    example_ids: tuple[str, ...]
    labels: NDArray[Any]
    logits: FloatArray
    classes: int
    clusters: NDArray[Any] | None = None
    twins: tuple[str | None, ...] | None = None

    @property
    def predicted(self) -> IntArray:
        """Class of the largest logit, the first one where two are equal; (n,)."""
        return np.asarray(self.logits.argmax(axis=1), dtype=np.int64)

    @property
    def values(self) -> FloatArray:
        """Predicted value of a regression, (n,)."""
        return self.logits[:, 0]

    @property
    def twin_rows(self) -> IntArray:
        """Row of each example's twin, (n,); −1 where it has none among these examples."""
        row_of = {example_id: row for row, example_id in enumerate(self.example_ids)}
        return np.array([-1 if twin is None else row_of.get(twin, -1) for twin in self.twins or ()], dtype=np.int64)

    @property
    def log_probabilities(self) -> FloatArray:
        """log softmax of the logits, (n, C)."""
        shifted = self.logits - self.logits.max(axis=1, keepdims=True)
        return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))

    @property
    def probabilities(self) -> FloatArray:
        return np.asarray(np.exp(self.log_probabilities))


@dataclass(frozen=True)
class PairView:
    """Student and teacher on the same examples, in the same order (`metrics.tables.join` made it so).

    Raises `ExampleIdError` naming the first row where the two speak of different examples.
    """

    student: ModelView
    teacher: ModelView

    def __post_init__(self) -> None:
        if self.student.example_ids == self.teacher.example_ids:
            return
        pairs = zip_longest(self.student.example_ids, self.teacher.example_ids, fillvalue="no example")
        row, (student, teacher) = next((row, pair) for row, pair in enumerate(pairs) if pair[0] != pair[1])
        raise ExampleIdError(
            where=f"pair of predictions, row {row}",
            expected=f"student and teacher on the same example, {teacher!r}",
            found=f"{student!r} for the student",
            fix="join the tables by example id (metrics.tables.join) instead of pairing rows by position",
        )


@dataclass(frozen=True)
class ExplanationView:
    """Both models' explanations by one explainer, n examples in the order of `example_ids`.

    teacher, student: n vectors each, one score per unit; those of an example have one length, over the same units.
    punctuation: n masks of the units that are punctuation marks. reasons: n, why an example's vectors must not be used,
    None where they stand. teacher_class: (n,), the class the teacher predicts, or one number throughout for a
    regression. clusters: as in `ModelView`.

    Raises `ValueError` naming the first example whose two vectors and mask are not of one length.
    """

    example_ids: tuple[str, ...]
    teacher: tuple[FloatArray, ...]
    student: tuple[FloatArray, ...]
    punctuation: tuple[NDArray[np.bool_], ...]
    reasons: tuple[Reason | None, ...]
    teacher_class: IntArray
    clusters: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        rows = zip(self.example_ids, self.teacher, self.student, self.punctuation, strict=True)
        for example_id, teacher, student, punctuation in rows:
            if not teacher.shape == student.shape == punctuation.shape == (len(teacher),):
                raise ValueError(
                    f"expected one score per unit from both models, found {teacher.shape} of the teacher, "
                    f"{student.shape} of the student and a mask {punctuation.shape} for example {example_id!r}"
                )


@dataclass(frozen=True)
class CoalitionView:
    """Both models on the same maskings of one example's n units.

    masks: (m, n), True where the unit is kept, no row twice. teacher, student: (m,), the explained scalar of both
    models. Raises `ValueError` where the full or the empty masking is not among the rows.
    """

    masks: NDArray[np.bool_]
    teacher: FloatArray
    student: FloatArray

    def __post_init__(self) -> None:
        if not self.masks.all(axis=1).any() or self.masks.any(axis=1).all():
            raise ValueError(f"expected the full and the empty masking among the rows, found {len(self.masks)} others")

    @property
    def full(self) -> int:
        """Row of the masking that keeps every unit."""
        return int(self.masks.sum(axis=1).argmax())

    @property
    def empty(self) -> int:
        """Row of the masking that keeps none."""
        return int(self.masks.sum(axis=1).argmin())


@dataclass(frozen=True)
class MaskingView:
    """What is left of a model's answer when units are masked in an order, n examples at L levels.

    levels: (L,), rising shares of the units that are masked, from 0. most, least: (n, L), what is left at each level
    with the most (least) important units masked first; random: (n, L), the mean of random orders. All of them are of
    one measure, 1 where all is left and 0 where nothing is; NaN in rows without a value. without_top, only_top: (n,),
    probability of the explained class without the top units, and with nothing but them, mean over ERASER's shares; None
    for images.
    """

    levels: FloatArray
    most: FloatArray
    least: FloatArray
    random: FloatArray
    without_top: FloatArray | None = None
    only_top: FloatArray | None = None


@dataclass(frozen=True)
class PerturbedModelView:
    """One model's answers to n examples as they are and perturbed R times by one perturbation.

    plain: (n,), perturbed: (n, R); class indices, or values of a regression. An example that could not be perturbed has
    its plain answer again. classes: 1 for a regression.
    """

    kind: TaskKind
    classes: int
    plain: NDArray[Any]
    perturbed: NDArray[Any]

    @property
    def flipped(self) -> NDArray[np.bool_]:
        """Whether the predicted class is another one, (n, R)."""
        return np.asarray(self.perturbed != self.plain[:, np.newaxis])


@dataclass(frozen=True)
class PerturbedPairView:
    """Student and teacher on the same perturbed examples."""

    student: PerturbedModelView
    teacher: PerturbedModelView

    @property
    def kind(self) -> TaskKind:
        return self.student.kind


PerturbedView = PerturbedModelView | PerturbedPairView
View = ModelView | PairView


@dataclass(frozen=True)
class MetricCard:
    """What a listing, a page and the scorer need to know of a metric; the TOML file beside its code."""

    name: str
    title: str
    summary: str
    group: Group
    subject: Subject
    kinds: tuple[TaskKind, ...]
    direction: Direction
    range: tuple[float | None, float | None]
    formula: str
    citation: str
    undefined_as: Reason = "degenerate"
    classes: int | None = None  # the only number of classes it is defined for
    on_regression: Literal["omit", "undefined"] = "omit"
    needs_pairs: bool = False  # it is about minimal pairs, which few tasks have


@dataclass(frozen=True)
class SumMetric:
    """statistics: view → (n, k) array or scipy.sparse matrix; finish: (…, k) sums → (…,) values.

    `finish` gives NaN where the value is undefined. The view has at least one example, but sums can be all 0,
    where a resample takes none of a slice. `flag` looks at the view and says `collapsed` where the value
    stands but means nothing.
    """

    card: MetricCard
    statistics: Callable[[Any], Any]
    finish: Callable[[FloatArray], FloatArray]
    flag: Callable[[Any], Reason | None] = lambda view: None


@dataclass(frozen=True)
class WeightMetric:
    """weigh: (view, weights (r, n)) → (r,) values, NaN where undefined."""

    card: MetricCard
    weigh: Callable[[Any, FloatArray], FloatArray]
    flag: Callable[[Any], Reason | None] = lambda view: None


@dataclass(frozen=True)
class SimilarityMetric:
    """How alike two explanations of one example are; the score is the mean over examples.

    similarity: (p, n) scores of one model and (p, n) of the other, p examples of n ≥ 3 units each → (p,). Exactly 1 for
    equal vectors, and unchanged when a vector is multiplied by a positive number. NaN where one of the two cannot be
    compared with any other (all zeros, or constant). A row's value depends on that row alone, to the last bit.
    """

    card: MetricCard
    similarity: Callable[[FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True)
class CoalitionMetric:
    """per_example: how alike two models answer the maskings of one example, NaN where it has no value; the score is
    the mean over examples."""

    card: MetricCard
    per_example: Callable[[CoalitionView], float]


@dataclass(frozen=True)
class MaskingMetric:
    """per_example: whether the units an explanation names are those the model depends on, view → (n,), NaN where an
    example has no value; the score is the mean over examples."""

    card: MetricCard
    per_example: Callable[[MaskingView], FloatArray]


@dataclass(frozen=True)
class PerturbedMetric:
    """How answers change under a perturbation. statistics, finish: as those of a `SumMetric`, of a `PerturbedModelView`
    or a `PerturbedPairView` by the card's subject."""

    card: MetricCard
    statistics: Callable[[Any], Any]
    finish: Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class PerturbedScoreMetric:
    """What becomes of the task's headline score under a perturbation.

    combine: the score on plain inputs (…) and on each draw of perturbed ones (…, R), of the student, and where the
    card's subject is the pair then of the teacher as well → (…). NaN where it has no value.
    """

    card: MetricCard
    combine: Callable[..., FloatArray]


PredictionMetric = SumMetric | WeightMetric
Metric = PredictionMetric | SimilarityMetric | CoalitionMetric | MaskingMetric | PerturbedMetric | PerturbedScoreMetric


@dataclass(frozen=True)
class Score:
    """A number with its 95 % interval, or the reason why there is none.

    n counts the examples it rests on. `low` and `high` are None where more than 5 % of the resamples had no
    value, or where there were none.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    status: Status
    reason: Reason | None

    @classmethod
    def undefined(cls, reason: Reason, n: int = 0) -> Score:
        return cls(value=None, low=None, high=None, n=n, status="undefined", reason=reason)
