"""Weights into memory: safetensors only, no remote code, nothing silently made up."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Literal

import torch

from xkd_bench.errors import BadInputError
from xkd_bench.models.checkpoint import Checkpoint, reason
from xkd_bench.tasks.card import TaskCard

Dtype = Literal["float32", "bfloat16"]
TORCH_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def load_model(
    checkpoint: Checkpoint,
    card: TaskCard,
    dtype: Dtype = "float32",
    attention: str | None = None,
    new_head_seed: int | None = None,
    masked_lm: bool = False,
) -> Any:
    """The checkpoint as a classifier of the task, or as a masked-language model, in eval mode on the CPU.

    attention: implementation to use; None takes the library's default.
    new_head_seed: allow a missing head and draw it from this seed (a student or teacher about to be trained). Without
    it, weights the architecture needs and the file lacks are an error: a random head must never be evaluated.
    """
    if checkpoint.reference:
        raise BadInputError(
            where=checkpoint.location,
            expected="measurements this was not asked for before, and weights to make them with",
            found="a reference teacher: what was measured of it, without its weights",
            fix="keep to the protocol, task and data of the reference, or give a teacher of your own",
        )
    auto = _masked_lm_class() if masked_lm else _auto_class(card)
    options: dict[str, Any] = {"attn_implementation": attention} if attention else {}
    if new_head_seed is not None and not masked_lm:
        options |= _label_options(card)
    try:
        with quiet_transformers(), seeded(new_head_seed or 0):
            model, info = auto.from_pretrained(
                str(checkpoint.folder),
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                dtype=TORCH_DTYPES[dtype],
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # they are named below, or replaced where a new head is wanted
                **options,
            )
    except Exception as error:
        # Configs from strangers fail in many ways inside the library; the user needs the checkpoint and the reason.
        raise BadInputError(
            where=checkpoint.location,
            expected=f"weights that fit {checkpoint.architecture}",
            found=reason(error),
            fix="save the model again with the same version of its config",
        ) from error
    others = [f"{name} {tuple(found)} for {tuple(wanted)}" for name, found, wanted in sorted(info["mismatched_keys"])]
    if others and new_head_seed is None:
        raise BadInputError(
            where=checkpoint.location,
            expected=f"weights of the shapes {type(model).__name__} has with this config.json",
            found=f"{len(others)} of other shapes: {', '.join(others[:4])}{' …' if len(others) > 4 else ''}",
            fix="save the model again together with its config",
        )
    missing = sorted(info["missing_keys"])
    if missing and new_head_seed is None:
        raise BadInputError(
            where=checkpoint.location,
            expected=f"all weights of {type(model).__name__}",
            found=f"{len(missing)} missing: {', '.join(missing[:4])}{' …' if len(missing) > 4 else ''}",
            fix="train it on the task first (`xkd-bench distill`): it would answer with a random head",
        )
    return model.eval()


def random_model(checkpoint: Checkpoint, card: TaskCard, seed: int, dtype: Dtype = "float32") -> Any:
    """A model of the checkpoint's config with every weight drawn from `seed`, in eval mode on the CPU."""
    from transformers import AutoConfig

    with quiet_transformers(), seeded(seed):
        config = AutoConfig.from_pretrained(str(checkpoint.folder), local_files_only=True, trust_remote_code=False)
        model = _auto_class(card).from_config(config)
    return model.to(TORCH_DTYPES[dtype]).eval()


def _auto_class(card: TaskCard) -> Any:
    from transformers import AutoModelForImageClassification, AutoModelForSequenceClassification

    return AutoModelForImageClassification if card.modality == "image" else AutoModelForSequenceClassification


def _masked_lm_class() -> Any:
    from transformers import AutoModelForMaskedLM

    return AutoModelForMaskedLM


def _label_options(card: TaskCard) -> dict[str, Any]:
    if card.kind == "regression":
        return {"num_labels": 1, "problem_type": "regression"}
    return {
        "id2label": dict(enumerate(card.labels)),
        "label2id": {name: i for i, name in enumerate(card.labels)},
        "problem_type": "single_label_classification",
    }


@contextlib.contextmanager
def quiet_transformers() -> Iterator[None]:
    """The library's load reports and bars are for people who load one model by hand."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """torch's generators from this seed inside the block, and as they were after it."""
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed % 2**63)
        yield


@contextlib.contextmanager
def attention_of_any_shape(device: str) -> Iterator[None]:
    """On a GPU, attention kernels that need no plan for each shape of lot.

    cuDNN's, which torch tries first in bfloat16 on recent GPUs, builds one for every pair of rows and length it has
    not seen; our lots have hundreds (3,500 maskings a second in bfloat16 against 8,900 in float32 on an H200).
    """
    if device == "cpu":
        yield
        return
    from torch.nn.attention import SDPBackend, sdpa_kernel

    with sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]):
        yield
