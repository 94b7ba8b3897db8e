"""What is asked of every model: which examples, on which units, about which class; what masks images."""

from __future__ import annotations

from dataclasses import dataclass

from xkd_bench.engine.plan import Plan
from xkd_bench.explainers.contract import Question
from xkd_bench.explainers.patches import Grid, common_grid, grid_of, mean_colour
from xkd_bench.metrics.contract import IntArray
from xkd_bench.models.encoding import patch_sides
from xkd_bench.probes.masked import Fill, Filling, input_and_units
from xkd_bench.randomness import hash_order
from xkd_bench.tasks.examples import Examples, ImageInput


def chosen_positions(examples: Examples, most: int | None) -> list[int]:
    """Which examples are explained or perturbed: `most` chosen by a hash of the id, in the order of the split."""
    if most is None or most >= len(examples):
        return list(range(len(examples)))
    return sorted(hash_order(examples.example_ids, "explanations")[:most])


@dataclass(frozen=True)
class ImageFacts:
    """What masked images are made with: the grid of the patches, and the mean colour of the task's split."""

    grid: Grid
    mean_colour: tuple[float, ...]


def filling(fill: Fill, images: ImageFacts | None) -> Filling:
    return Filling(fill) if images is None else Filling(fill, images.grid, images.mean_colour)


def image_facts(plan: Plan) -> ImageFacts | None:
    """Of the plan's images; None for texts."""
    grid = grid_of_plan(plan)
    if grid is None:
        return None
    return ImageFacts(grid, rounded_mean(plan.examples))


def rounded_mean(examples: Examples) -> tuple[float, ...]:
    """The mean colour of the images of a split, as maskings and records hold it."""
    images = [row for row in examples.inputs if isinstance(row, ImageInput)]
    return tuple(round(float(value), 3) for value in mean_colour(images))


def grid_of_plan(plan: Plan) -> Grid | None:
    """The coarser of teacher's and student's grids of patches; None for texts."""
    if plan.task.card.modality != "image":
        return None
    if plan.grid is not None:
        return Grid(*plan.grid)
    models = [model for model in (plan.teacher, plan.student) if model is not None]
    sides = [patch_sides(model.checkpoint) for model in models]
    return common_grid(None if found is None else Grid(*found) for found in sides)


def questions(examples: Examples, targets: IntArray, images: ImageFacts | None = None) -> list[Question]:
    """What is asked of every model about each example."""
    asked = []
    grid = images.grid if images else None
    for example_id, row, target in zip(examples.example_ids, examples.inputs, targets, strict=True):
        input, units = input_and_units(row, examples.task.inputs.max_length, grid)
        own = grid_of(row, grid) if grid is not None and isinstance(row, ImageInput) else None
        asked.append(Question(example_id, input, units, int(target), own))
    return asked
