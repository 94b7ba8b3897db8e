"""Untrained models that a suite describes: written once, the same bytes everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xkd_bench.errors import BadInputError
from xkd_bench.models.loading import quiet_transformers, seeded
from xkd_bench.models.starts import write_start
from xkd_bench.randomness import seed_of
from xkd_bench.records.files import whole_folder
from xkd_bench.tasks.card import TaskCard


def write_untrained(folder: Path, card: TaskCard, config: dict[str, Any] | None, image: dict[str, Any]) -> None:
    """A model of `config` for the task's labels with weights drawn from a seed of its own; config None: the demo's.

    Raises `BadInputError` for a config that transformers does not take, or a text: there is no tokenizer to give it.
    """
    if config is None:
        write_start(folder, card)
        return
    if card.modality != "image":
        raise BadInputError(
            where="starts, config",
            expected="a task of images",
            found=f"{card.name}, which needs a tokenizer",
            fix="start from an encoder or from the hub",
        )
    from transformers import AutoConfig, AutoModelForImageClassification, ViTImageProcessorPil

    labels = {"id2label": dict(enumerate(card.labels)), "label2id": {name: i for i, name in enumerate(card.labels)}}
    with whole_folder(folder) as temporary, quiet_transformers(), seeded(seed_of("reference start", card.name, config)):
        try:
            read = AutoConfig.for_model(**config, **labels)
            model = AutoModelForImageClassification.from_config(read)
        except (TypeError, ValueError, KeyError) as error:
            raise BadInputError(
                where="starts, config",
                expected="sizes of a model that transformers has",
                found=str(error).splitlines()[0],
                fix="mend the suite",
            ) from None
        model.save_pretrained(str(temporary))
        ViTImageProcessorPil(**image).save_pretrained(str(temporary))
