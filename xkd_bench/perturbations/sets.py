"""A task's examples perturbed once: the same texts or images for every model, in every process and any order."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xkd_bench.errors import BadInputError
from xkd_bench.perturbations.contract import Perturbation, Strength, TextPerturbation
from xkd_bench.randomness import generator
from xkd_bench.tasks.examples import Examples, ImageInput, Input, TextInput, canonical_line


@dataclass(frozen=True)
class PerturbedSet:
    """examples: with other inputs, in the order they came. applied: (n,), False where nothing could be changed and the
    input is the original one."""

    examples: Examples
    applied: NDArray[np.bool_]

    @property
    def digest(self) -> str:
        """sha256 over ids and inputs in their order: which texts or images a model was asked."""
        digest = hashlib.sha256(b"xkd-bench perturbed 1\n")
        for example_id, row in zip(self.examples.example_ids, self.examples.inputs, strict=True):
            digest.update(canonical_line(example_id, row))
        return f"sha256:{digest.hexdigest()}"


def perturb(
    examples: Examples, perturbation: Perturbation, draw: int, suite_seed: int, strength: Strength = "single_edit"
) -> PerturbedSet:
    """Each example perturbed as `perturb_example` does. Raises `BadInputError` for a perturbation of another
    modality."""
    found = [perturb_example(examples, row, perturbation, draw, suite_seed, strength) for row in range(len(examples))]
    return PerturbedSet(
        replace(
            examples,
            inputs=tuple(row if new is None else new for new, row in zip(found, examples.inputs, strict=True)),
        ),
        np.array([new is not None for new in found], dtype=np.bool_),
    )


def perturb_example(
    examples: Examples,
    position: int,
    perturbation: Perturbation,
    draw: int,
    suite_seed: int,
    strength: Strength = "single_edit",
) -> Input | None:
    """One example perturbed by a stream of its own, f(suite seed, task, example id, perturbation, strength, draw);
    None where it cannot be.

    Of a pair one of the two texts, chosen by that stream, is perturbed.
    """
    example_id, name = examples.example_ids[position], perturbation.card.name
    random = generator("perturbation", suite_seed, examples.task.name, example_id, name, strength, draw)
    return perturb_input(examples.inputs[position], perturbation, random, strength)


def perturb_input(
    row: Input, perturbation: Perturbation, random: np.random.Generator, strength: Strength = "single_edit"
) -> Input | None:
    """The input perturbed; None where it cannot be."""
    if isinstance(perturbation, TextPerturbation):
        if not isinstance(row, TextInput):
            raise _wrong_modality(perturbation, "an image")
        if row.text_pair is None:
            text = perturbation.perturb(row.text, random, strength)
            return None if text is None else TextInput(text)
        second = bool(random.integers(2))
        changed = perturbation.perturb(row.text_pair if second else row.text, random, strength)
        if changed is None:
            return None
        return TextInput(row.text, changed) if second else TextInput(changed, row.text_pair)
    if not isinstance(row, ImageInput):
        raise _wrong_modality(perturbation, "a text")
    return ImageInput(perturbation.perturb(row.pixels, random))


def _wrong_modality(perturbation: Perturbation, found: str) -> BadInputError:
    return BadInputError(
        where=f"perturbation {perturbation.card.name}",
        expected=f"an example of modality {perturbation.card.modality}",
        found=found,
        fix="choose a perturbation of the task's modality (`xkd-bench perturbations list`)",
    )
