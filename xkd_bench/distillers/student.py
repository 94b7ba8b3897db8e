"""Where a student starts: a checkpoint, or a checkpoint cut to chosen blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from xkd_bench.distillers.contract import Objective
from xkd_bench.errors import BadInputError
from xkd_bench.models.checkpoint import Checkpoint
from xkd_bench.models.encoding import Encoder, make_encoder
from xkd_bench.models.fit import check_fit, check_modality
from xkd_bench.models.loading import load_model
from xkd_bench.randomness import seed_of
from xkd_bench.tasks.card import TaskCard


@dataclass(frozen=True)
class Start:
    """A model about to be trained, its encoder, and the output columns of the classes; None for a vocabulary."""

    model: Any
    encoder: Encoder
    columns: list[int] | None


def make_start(
    checkpoint: Checkpoint,
    card: TaskCard,
    layers: tuple[int, ...] | None,
    seed: int,
    objective: Objective = "task",
) -> Start:
    """Load the start of a student: a missing head is drawn from the seed; `layers` (from 1) keeps those blocks only.

    A checkpoint that already answers the task keeps its head and its label names, in its own order. A masked-language
    model has the vocabulary for its outputs.
    """
    check_modality(checkpoint, card, "student")
    if objective == "masked_lm":
        model = load_model(checkpoint, card, new_head_seed=seed_of("new head", seed), masked_lm=True)
        if layers:
            cut_to_layers(model, layers)
        return Start(model, make_encoder(checkpoint, card, model), None)
    columns = list(range(card.classes))
    head_seed: int | None = seed_of("new head", seed)
    try:
        order = check_fit(checkpoint, card, "student")
    except BadInputError:
        pass  # another task's head, or a bare encoder: it gets a new one
    else:
        if order.named:
            try:
                model = load_model(checkpoint, card)
                columns, head_seed = list(order.columns), None
            except BadInputError:
                pass
    if head_seed is not None:
        model = load_model(checkpoint, card, new_head_seed=head_seed)
    if layers:
        cut_to_layers(model, layers)
    return Start(model, make_encoder(checkpoint, card, model), columns)


def cut_to_layers(model: Any, layers: tuple[int, ...]) -> None:
    """Keep blocks `layers` (counted from 1, ascending) of an encoder, in place, and say so in its config.

    The blocks are found as the one list of modules as long as the config says there are blocks: module names differ
    between architectures and library versions.
    """
    blocks = int(model.config.num_hidden_layers)
    if list(layers) != sorted(set(layers)) or not layers or layers[0] < 1 or layers[-1] > blocks:
        raise BadInputError(
            where="--layers",
            expected=f"ascending block numbers between 1 and {blocks}, such as 1,3,5",
            found=",".join(map(str, layers)),
            fix="count blocks from 1",
        )
    lists = [
        (parent, name)
        for parent in model.modules()
        for name, child in parent.named_children()
        if isinstance(child, torch.nn.ModuleList) and len(child) == blocks
    ]
    if len(lists) != 1:
        raise BadInputError(
            where="--layers",
            expected=f"an encoder with one list of {blocks} blocks",
            found=f"{len(lists)} such lists in {type(model).__name__}",
            fix="give a smaller student as a checkpoint of its own",
        )
    parent, name = lists[0]
    kept = torch.nn.ModuleList([getattr(parent, name)[layer - 1] for layer in layers])
    setattr(parent, name, kept)
    model.config.num_hidden_layers = len(layers)


def read_layers(option: str | None) -> tuple[int, ...] | None:
    """`1,3,5` → (1, 3, 5)."""
    if not option:
        return None
    try:
        return tuple(int(part) for part in option.split(","))
    except ValueError:
        raise BadInputError(
            where="--layers",
            expected="block numbers such as 1,3,5",
            found=repr(option),
            fix="count blocks from 1",
        ) from None
