"""The coalitions probe: a model's logits for maskings of each example's words or patches, the same for every model.

One table serves LIME, Shapley values, occlusion, coalition fidelity and counterfactual agreement: they are functions of
(masks, values). The table holds logits, not the explained scalar, so that it does not depend on the target or on the
partner a model is compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from xkd_bench.explainers.coalitions import Coalitions, plan_coalitions
from xkd_bench.explainers.masked_text import DELETE, distinct, masked_texts
from xkd_bench.explainers.patches import Grid, ImageFill, Patch, fill_image, grid_of, masked_images, patches_of
from xkd_bench.explainers.units import Unit, unit_of_tokens, units_of, within_words
from xkd_bench.metrics.contract import FloatArray, Reason
from xkd_bench.models.classifier import Classifier, LazyClassifier
from xkd_bench.models.encoding import Encoder
from xkd_bench.probes.predictions import DECIMALS, prediction_key
from xkd_bench.progress import progress
from xkd_bench.records.store import Store
from xkd_bench.tasks.examples import Examples, ImageInput, Input, TextInput

PROBE = "coalitions"
PROBE_VERSION = 2
SHARDS_AT_ONCE = 1  # 64 examples are up to 65,000 maskings: full batches, and little lost when a run is killed
IMAGES_AT_ONCE = 256  # maskings of images that are held at a time, prepared: 150 MB of 224×224 pixels
PIXELS_AT_ONCE = IMAGES_AT_ONCE * 1_000_000  # and as they are in the data: 800 MB, of photographs fewer at a time

TextFill = Literal["delete", "mask"]
Fill = TextFill | ImageFill


@dataclass(frozen=True)
class CoalitionSettings:
    """all_up_to: evaluate all 2ⁿ maskings where they are at most so many, else a sample of `sample`, and of at least
    `per_unit` · n. fill: `delete` a masked word, or `mask`: put the model's own mask token into its place; a masked
    patch gets the `mean` colour of the task's images, or the image's own `blur`. grid, mean_colour: of images."""

    suite_seed: int
    all_up_to: int
    sample: int
    per_unit: int = 8
    fill: Fill = "delete"
    grid: Grid | None = None
    mean_colour: tuple[float, ...] = ()

    def sample_of(self, units: int) -> int:
        return max(self.sample, self.per_unit * units)

    def key(self) -> dict[str, Any]:
        """What of it a row depends on."""
        found: dict[str, Any] = {
            "suite_seed": self.suite_seed,
            "all_up_to": self.all_up_to,
            "sample": self.sample,
            "per_unit": self.per_unit,
            "fill": self.fill,
        }
        if self.grid is not None:
            found |= {"grid": list(self.grid), "mean_colour": list(self.mean_colour)}
        return found


@dataclass(frozen=True)
class Planned:
    """What is asked about one example, whatever the model: the input, its n units and the maskings (m, n)."""

    example_id: str
    input: Input
    units: tuple[Unit, ...] | tuple[Patch, ...]
    coalitions: Coalitions


@dataclass(frozen=True)
class ExampleCoalitions:
    """One example: what was asked, the model's logits (m, C), and which units it saw at all, (n,).

    reason: why there are no logits to use: `not_measured` for a model without a mask token, `non_finite`.
    """

    planned: Planned
    logits: FloatArray
    covered: np.ndarray[Any, np.dtype[np.bool_]]
    reason: Reason | None


def input_and_units(
    row: Input, max_length: int, grid: Grid | None
) -> tuple[Input, tuple[Unit, ...] | tuple[Patch, ...]]:
    """What is explained of an example, and its units: a text's words within the window, an image's patches."""
    if isinstance(row, TextInput):
        text = within_words(row, max_length)
        return text, units_of(text)
    if grid is None:
        raise ValueError("expected the grid of the patches of an image, found none")
    return row, patches_of(row, grid)


def plan_maskings(examples: Examples, settings: CoalitionSettings) -> list[Planned]:
    """Units and maskings of every example: a function of the input, its id, the task and the settings."""
    found = []
    for example_id, row in zip(examples.example_ids, examples.inputs, strict=True):
        input, units = input_and_units(row, examples.task.inputs.max_length, settings.grid)
        seed_words = (settings.suite_seed, examples.fingerprint, example_id)
        plan = plan_coalitions(len(units), settings.all_up_to, settings.sample_of(len(units)), seed_words)
        found.append(Planned(example_id, input, units, plan))
    return found


def coalitions(
    classifier: LazyClassifier, examples: Examples, settings: CoalitionSettings, store: Store, label: str
) -> list[ExampleCoalitions]:
    """The table of one model, from the store where it is there. Equal texts, within and across examples, run once."""
    key = prediction_key(classifier, examples) | {"probe_version": PROBE_VERSION} | settings.key()
    table = store.table(PROBE, key, examples.example_ids)
    planned = plan_maskings(examples, settings)
    with progress(label, sum(len(plan.coalitions.masks) for plan in planned), "maskings") as shown:

        def compute(positions: list[int]) -> pa.Table:
            chosen = [planned[i] for i in positions]
            measured = _measure(classifier, chosen, settings, shown.advance)
            logits = [rows.astype(np.float32).ravel() for rows in measured]
            covered = covered_units(classifier.get().encoder, chosen)
            return pa.table(
                {"logits": pa.array(logits, pa.list_(pa.float32())), "covered": pa.array(covered, pa.list_(pa.bool_()))}
            )

        def resumed(count: int) -> None:
            shown.advance(round(count / len(planned) * shown.total))

        stored = table.fill(compute, resumed, SHARDS_AT_ONCE)
    classes = classifier.card.classes
    return [
        _example(plan, np.asarray(logits, dtype=np.float64), covered, classes)
        for plan, logits, covered in zip(
            planned, stored.column("logits").to_pylist(), stored.column("covered").to_pylist(), strict=True
        )
    ]


def covered_units(encoder: Encoder, planned: Sequence[Planned]) -> list[list[bool]]:
    """Which units of each text the encoder's window holds; all, where a tokenizer does not say where its tokens lie."""
    spans = encoder.spans([plan.input for plan in planned])
    if spans is None:
        return [[True] * len(plan.units) for plan in planned]
    return [unit_of_tokens(_words(plan), *at)[1].tolist() for plan, at in zip(planned, spans, strict=True)]


def _words(plan: Planned) -> list[Unit]:
    return [unit for unit in plan.units if isinstance(unit, Unit)]


def _example(plan: Planned, logits: FloatArray, covered: list[bool], classes: int) -> ExampleCoalitions:
    reason: Reason | None = None
    if not len(logits):
        reason, logits = "not_measured", np.zeros((len(plan.coalitions.masks), classes)).ravel()
    elif not np.isfinite(logits).all():
        reason = "non_finite"
    rows = logits.reshape(len(plan.coalitions.masks), classes)
    return ExampleCoalitions(plan, rows, np.asarray(covered, dtype=np.bool_), reason)


def _measure(
    classifier: LazyClassifier,
    planned: Sequence[Planned],
    settings: CoalitionSettings,
    advance: Callable[[int], None],
) -> list[FloatArray]:
    """Logits (m, C) of each example, rounded; none at all where the model has no token to fill with."""
    model = classifier.get()
    if settings.grid is not None:
        return [_of_image(model, plan, settings, advance) for plan in planned]
    token = DELETE if settings.fill == "delete" else model.encoder.mask_token
    if token is None:
        return [np.empty((0, classifier.card.classes)) for _ in planned]
    texts = [
        text
        for plan in planned
        if isinstance(plan.input, TextInput)
        for text in masked_texts(plan.input, _words(plan), plan.coalitions.masks, token)
    ]
    unique, inverse = distinct(texts)
    logits = np.round(model.logits(unique, _Scaled(advance, len(texts) / max(1, len(unique))))[inverse], DECIMALS)
    ends = np.cumsum([len(plan.coalitions.masks) for plan in planned])
    return np.split(logits, ends[:-1])


def _of_image(
    model: Classifier, plan: Planned, settings: CoalitionSettings, advance: Callable[[int], None]
) -> FloatArray:
    """Logits (m, C) of the maskings of one image, some at a time: prepared for a model, an image fills a megabyte."""
    assert isinstance(plan.input, ImageInput)
    assert settings.grid is not None
    fill: ImageFill = "blur" if settings.fill == "blur" else "mean"
    grid = grid_of(plan.input, settings.grid)
    filled = fill_image(plan.input, grid, fill, np.asarray(settings.mean_colour))
    masks = plan.coalitions.masks
    height, width = plan.input.pixels.shape[:2]
    at_once = max(1, min(IMAGES_AT_ONCE, PIXELS_AT_ONCE // (height * width)))
    parts = [masks[start : start + at_once] for start in range(0, len(masks), at_once)]
    found = [model.logits(masked_images(plan.input, grid, part, filled), advance) for part in parts]
    return np.asarray(np.round(np.concatenate(found), DECIMALS), dtype=np.float64)


class _Scaled:
    """Progress counts maskings, of which several may be one text: whole numbers that add up to count · scale."""

    def __init__(self, advance: Callable[[int], None], scale: float) -> None:
        self._advance, self._scale = advance, scale
        self._asked = self._told = 0

    def __call__(self, count: int) -> None:
        self._asked += count
        due = round(self._asked * self._scale) - self._told
        self._told += due
        self._advance(due)


def log_odds(logits: FloatArray, target: int) -> FloatArray:
    """The explained scalar z_c − logsumexp_{k ≠ c} z_k of each row, (m, C) → (m,): the log-odds of class `target`.

    For two classes it is the difference of the logits; for a regression (C = 1) the prediction itself.
    """
    if logits.shape[1] == 1:
        return logits[:, 0]
    others = np.delete(logits, target, axis=1)
    largest = others.max(axis=1)
    return np.asarray(logits[:, target] - largest - np.log(np.exp(others - largest[:, None]).sum(axis=1)))
