"""Does a checkpoint fit a task? Its files tell modality, head width and label names before any weight loads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from xkd_bench.errors import BadInputError
from xkd_bench.models.checkpoint import Checkpoint
from xkd_bench.models.checkpoint_files import PROCESSOR_FILES, VOCABULARY_FILES
from xkd_bench.tasks.card import TaskCard


@dataclass(frozen=True)
class LabelOrder:
    """columns[c] is the model's output column for the task's class c. `named`: the checkpoint's own names say so.

    Where they do not (`LABEL_0`), the order is assumed and has to be checked against labelled examples.
    """

    columns: tuple[int, ...]
    named: bool


def check_fit(checkpoint: Checkpoint, card: TaskCard, role: str) -> LabelOrder:
    """Raise `BadInputError` unless the checkpoint can answer the task; else say in which order it answers."""
    check_modality(checkpoint, card, role)
    width = _head_width(checkpoint)
    if width != card.classes:
        what = f"{card.classes} labels ({', '.join(card.labels)})" if card.labels else "one output (a regression)"
        raise BadInputError(
            where=f"{role} {checkpoint.location}",
            expected=f"{what}, as {card.name} has",
            found=f"{width} label{'s' if width != 1 else ''}: {', '.join(_names(checkpoint, width))}",
            fix="choose the task this checkpoint was trained on, or train it on this one (`xkd-bench distill`)",
        )
    return LabelOrder((0,), True) if card.kind == "regression" else label_order(checkpoint, card, role)


def check_modality(checkpoint: Checkpoint, card: TaskCard, role: str) -> None:
    """Text models need a tokenizer, image models a processor, and each its own kind of task."""
    for_images = checkpoint.model_type in _image_model_types()
    for_text = checkpoint.model_type in _text_model_types()
    wants_images = card.modality == "image"
    if (wants_images and not for_images) or (not wants_images and not for_text):
        raise BadInputError(
            where=f"{role} {checkpoint.location}",
            expected=f"a model that classifies {'images' if wants_images else 'text'}, as {card.name} needs",
            found=f"model_type {checkpoint.model_type!r}, which classifies "
            + ("images" if for_images else "text" if for_text else "neither text nor images in transformers"),
            fix="choose another checkpoint or another task",
        )
    needed = PROCESSOR_FILES if wants_images else VOCABULARY_FILES
    part = "processor" if wants_images else "tokenizer"
    if not checkpoint.has(*needed):
        raise BadInputError(
            where=f"{role} {checkpoint.location}",
            expected=f"a {part} beside the weights ({' or '.join(needed)})",
            found="none",
            fix=f"save it there: {part}.save_pretrained({checkpoint.location!r})",
        )


def _head_width(checkpoint: Checkpoint) -> int:
    id2label = checkpoint.config.get("id2label")
    if isinstance(id2label, dict) and id2label:
        return len(id2label)
    width = checkpoint.config.get("num_labels")
    return width if isinstance(width, int) else 2


def _names(checkpoint: Checkpoint, width: int) -> list[str]:
    id2label = checkpoint.config.get("id2label")
    id2label = id2label if isinstance(id2label, dict) else {}
    return [str(id2label.get(str(i), f"LABEL_{i}")) for i in range(width)]


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-]+", "_", name.strip().lower())


def label_order(checkpoint: Checkpoint, card: TaskCard, role: str) -> LabelOrder:
    """Match the checkpoint's label names to the task's, whatever order they are in."""
    names = _names(checkpoint, card.classes)
    if all(re.fullmatch(r"label_?\d+|\d+", _plain(name)) for name in names):
        return LabelOrder(tuple(range(card.classes)), False)
    spelled = {_plain(name): c for c, name in enumerate(card.labels)}
    for name, aliases in card.label_aliases.items():
        spelled |= {_plain(alias): card.labels.index(name) for alias in aliases}
    classes = [spelled.get(_plain(name)) for name in names]
    if sorted(c for c in classes if c is not None) != list(range(card.classes)):
        raise BadInputError(
            where=f"{role} {checkpoint.location}, config.json, id2label",
            expected=f"the labels of {card.name}: {', '.join(card.labels)}",
            found=", ".join(names),
            fix="write the task's names into id2label and label2id, each at the output it stands for",
        )
    return LabelOrder(tuple(classes.index(c) for c in range(card.classes)), True)


@cache
def _text_model_types() -> frozenset[str]:
    from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES

    return frozenset(MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES)


@cache
def _image_model_types() -> frozenset[str]:
    from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES

    return frozenset(MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES)
