"""Examples before and after a perturbation, and where they differ."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal, get_args

from rapidfuzz.distance import Levenshtein

from xkd_bench.errors import BadInputError
from xkd_bench.perturbations.contract import PerturbationCard, Strength, TextPerturbation
from xkd_bench.perturbations.distance import DistanceUnit, distances
from xkd_bench.perturbations.registry import load
from xkd_bench.perturbations.sets import perturb_example
from xkd_bench.randomness import hash_order
from xkd_bench.tasks.card import TaskCard
from xkd_bench.tasks.examples import Examples, Input, TextInput
from xkd_bench.tasks.loading import load as load_examples
from xkd_bench.tasks.protocols import read_protocol
from xkd_bench.tasks.registry import find_task
from xkd_bench.tasks.words import units_of

ALIKE = 0.5  # words at least so similar differ in letters; others are other words

Kind = Literal["same", "removed", "added"]
Piece = tuple[Kind, str]


@dataclass(frozen=True)
class Wish:
    """What is to be shown. example_ids: these, or where there are none `show` chosen by a hash."""

    task: str
    perturbation: str
    strength: str
    draw: int
    show: int
    example_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class PerturbedExample:
    """after: None where the perturbation cannot be applied. distance: how far it moved."""

    example_id: str
    before: Input
    after: Input | None
    distance: dict[DistanceUnit, float]


@dataclass(frozen=True)
class PerturbedExamples:
    task: TaskCard
    card: PerturbationCard
    strength: Strength
    draw: int
    rows: tuple[PerturbedExample, ...]

    @property
    def is_text(self) -> bool:
        return self.card.modality == "text"

    @property
    def applied(self) -> float:
        return sum(row.after is not None for row in self.rows) / len(self.rows)

    @property
    def mean_distance(self) -> dict[DistanceUnit, float]:
        """Over the examples that were changed."""
        moved = [row.distance for row in self.rows if row.after is not None]
        return {unit: sum(one[unit] for one in moved) / len(moved) for unit in (moved[0] if moved else {})}


def perturbed_examples(wish: Wish, data_root: Path | None) -> PerturbedExamples:
    """The examples as an evaluation perturbs them. Raises `BadInputError` for an unknown task, perturbation, strength
    or example, and for a perturbation of another modality."""
    task, perturbation = find_task(wish.task), load(wish.perturbation)
    strength: Strength | None = next((known for known in get_args(Strength) if known == wish.strength), None)
    if strength is None:
        raise BadInputError(
            where="--strength",
            expected=f"one of {', '.join(get_args(Strength))}",
            found=repr(wish.strength),
            fix="choose one of these",
        )
    if (task.card.modality == "image") != (perturbation.card.modality == "image"):
        raise BadInputError(
            where="--perturbation",
            expected=f"a perturbation that fits {task.name}, of modality {task.card.modality}",
            found=f"{wish.perturbation}, of modality {perturbation.card.modality}",
            fix="choose one that fits (`xkd-bench perturbations list`)",
        )
    examples = load_examples(task, "evaluation", data_root)
    seed = read_protocol("quick").statistics.suite_seed
    rows = []
    for place in _chosen(examples, wish):
        before = examples.inputs[place]
        after = perturb_example(examples, place, perturbation, wish.draw, seed, strength)
        moved = {} if after is None else distances(before, after)
        rows.append(PerturbedExample(examples.example_ids[place], before, after, moved))
    if not isinstance(perturbation, TextPerturbation):
        strength = "single_edit"
    return PerturbedExamples(task.card, perturbation.card, strength, wish.draw, tuple(rows))


def _chosen(examples: Examples, wish: Wish) -> list[int]:
    if not wish.example_ids:
        return hash_order(examples.example_ids, "perturb")[: wish.show]
    place = {example_id: row for row, example_id in enumerate(examples.example_ids)}
    unknown = [example_id for example_id in wish.example_ids if example_id not in place]
    if unknown:
        raise BadInputError(
            where="--example",
            expected=f"an id of {examples.task.name}, e.g. {examples.example_ids[0]}",
            found=", ".join(map(repr, unknown)),
            fix="choose an id of the evaluation split",
        )
    return [place[example_id] for example_id in wish.example_ids]


def segments(before: Input, after: Input | None) -> list[list[Piece]]:
    """Each text of an example as pieces: what stayed, what went and what came."""
    if not isinstance(before, TextInput):
        return []
    told = [before.text] + ([before.text_pair] if before.text_pair is not None else [])
    if not isinstance(after, TextInput):
        return [[("same", text)] for text in told]
    new = [after.text] + ([after.text_pair] if after.text_pair is not None else [])
    return [differences(one, other) for one, other in zip(told, new, strict=True)]


def differences(before: str, after: str) -> list[Piece]:
    """Two texts aligned on their words; inside a word on its letters, where the two are alike."""
    old, new = _parts(before), _parts(after)
    pieces: list[Piece] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(("same", "".join(old[a:b])))
        elif kind == "replace" and b - a == d - c == 1 and Levenshtein.normalized_similarity(old[a], new[c]) >= ALIKE:
            pieces += _letters(old[a], new[c])
        else:
            pieces += [("removed", "".join(old[a:b])), ("added", "".join(new[c:d]))]
    return _joined(pieces)


def _letters(old: str, new: str) -> list[Piece]:
    pieces: list[Piece] = []
    for step in Levenshtein.opcodes(old, new):
        went, came = old[step.src_start : step.src_end], new[step.dest_start : step.dest_end]
        pieces += [("same", went)] if step.tag == "equal" else [("removed", went), ("added", came)]
    return pieces


def _parts(text: str) -> list[str]:
    """Words, punctuation marks and what lies between."""
    edges = [0, *(edge for unit in units_of(TextInput(text)) for edge in (unit.start, unit.end)), len(text)]
    return [part for start, end in pairwise(edges) if (part := text[start:end])]


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    joined: list[Piece] = []
    for kind, text in pieces:
        if not text:
            continue
        if joined and joined[-1][0] == kind:
            joined[-1] = (kind, joined[-1][1] + text)
        else:
            joined.append((kind, text))
    return joined
