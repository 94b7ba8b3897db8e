"""What an explainer is: one signed score per unit of an example, from a table of maskings or from the model itself.

Three kinds, by what they read. A `TableExplainer` is a pure function of the maskings' values and needs no model; a
`ModelExplainer` runs the model; a `SeededExplainer` looks at nothing and is a control. All explain the same scalar: the
log-odds z_c − logsumexp_{k ≠ c} z_k of a target class c, or the prediction of a regression.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from xkd_bench.explainers.coalitions import BoolArray, FloatArray
from xkd_bench.explainers.patches import Grid, Patch
from xkd_bench.metrics.contract import Reason
from xkd_bench.tasks.examples import Input, TextInput
from xkd_bench.tasks.words import Unit

if TYPE_CHECKING:  # a card, or a function of arrays, needs no torch
    from xkd_bench.models.classifier import Classifier

Reads = Literal["coalitions", "model", "nothing"]


@dataclass(frozen=True)
class ExplainerCard:
    """What a listing and a page need to know of an explainer; the TOML file beside its code."""

    name: str
    title: str
    summary: str
    reads: Reads
    formula: str
    citation: str


@dataclass(frozen=True)
class ExplainerSettings:
    """What the protocol says to explainers that run a model. steps: of integrated gradients, before any doubling.

    mean_colour: of the task's images, 0…255 a channel; None for texts.
    """

    suite_seed: int
    steps: int
    mean_colour: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Question:
    """One example to explain: the input, the units that want a score, and the class whose log-odds is explained.

    units: words of a text, patches of an image in reading order; then `grid` says how many rows and columns of them.
    """

    example_id: str
    input: Input
    units: tuple[Unit, ...] | tuple[Patch, ...]
    target: int
    grid: Grid | None = None

    @property
    def text(self) -> TextInput:
        """The input of a text task. Raises `TypeError` for an image."""
        if not isinstance(self.input, TextInput):
            raise TypeError("expected a text, found an image")
        return self.input

    @property
    def words(self) -> tuple[Unit, ...]:
        """The units of a text. Raises `TypeError` for those of an image."""
        words = tuple(unit for unit in self.units if isinstance(unit, Unit))
        if len(words) != len(self.units):
            raise TypeError("expected the words of a text, found patches of an image")
        return words


@dataclass(frozen=True)
class Explanation:
    """Scores of one example's n units.

    scores: (n,). covered: (n,), whether the model saw the unit at all (one that was truncated away is not covered).
    reason: why the scores must not be used, None where they stand. notes: numbers a reader may want, e.g. `gap`,
    `steps`, `special_share`, `stray_share`; the same names for every example of an explainer.
    """

    scores: FloatArray
    covered: BoolArray
    reason: Reason | None = None
    notes: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def without_value(cls, n: int, reason: Reason, notes: Mapping[str, float] | None = None) -> Explanation:
        return cls(np.zeros(n), np.zeros(n, dtype=np.bool_), reason, notes or {})


@dataclass(frozen=True)
class TableExplainer:
    """explain: (masks (m, n) True where kept, values (m,), whether all 2ⁿ maskings are there) → (n,)."""

    card: ExplainerCard
    explain: Callable[[BoolArray, FloatArray, bool], FloatArray]


@dataclass(frozen=True)
class ModelExplainer:
    """explain: (classifier, questions, settings, advance) → one `Explanation` a question, in their order.

    `advance` hears how many questions were just done. version: raised when a score changes. libraries: distributions
    whose version can change one, beside torch and transformers. depends_on: the settings it reads, for the store's key.
    An explanation may depend on its question and the model alone: not on companions, order or batch. images: whether
    it can be asked about images; an example it cannot be asked about is `not_measured`.
    """

    card: ExplainerCard
    version: int
    explain: Callable[[Classifier, Sequence[Question], ExplainerSettings, Callable[[int], None]], list[Explanation]]
    libraries: tuple[str, ...] = ()
    depends_on: Callable[[ExplainerSettings], Mapping[str, Any]] = lambda settings: {}
    images: bool = True


@dataclass(frozen=True)
class SeededExplainer:
    """explain: (number of units, words that say what is drawn) → (n,)."""

    card: ExplainerCard
    explain: Callable[[int, tuple[object, ...]], FloatArray]


Explainer = TableExplainer | ModelExplainer | SeededExplainer
