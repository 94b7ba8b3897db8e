"""A control: the teacher with every matrix rounded to 8 bits. What of alignment is lost when nothing is learnt anew."""

from __future__ import annotations

from pathlib import Path

import torch

import xkd_bench
from xkd_bench.distillers.student import make_start
from xkd_bench.models.checkpoint import Checkpoint
from xkd_bench.models.loading import quiet_transformers
from xkd_bench.probes.predictions import library_versions
from xkd_bench.records.files import whole_folder
from xkd_bench.records.lineage import write_lineage
from xkd_bench.records.schema import LineageRecord
from xkd_bench.tasks.card import TaskCard

METHOD = "int8"
LARGEST = 127
SETTINGS = {"bits": 8, "of": "weights with two or more dimensions", "scale": "largest of an output channel / 127"}


def write_rounded(folder: Path, teacher: Checkpoint, card: TaskCard, made: LineageRecord) -> None:
    """The teacher's copy, stored in 32 bits so that everything that reads the teacher reads it. made: how the teacher
    was made.

    W'_ij = s_i · round(W_ij / s_i), s_i = max_j |W_ij| / 127: symmetric, one scale an output channel, as where weights
    alone are kept in 8 bits; activations and vectors (biases, norms) stay as they are.
    """
    start = make_start(teacher, card, None, 0)
    with torch.no_grad():
        for weight in start.model.parameters():
            if weight.dim() > 1:
                weight.copy_(rounded(weight))
    with whole_folder(folder) as temporary:
        with quiet_transformers():
            start.model.save_pretrained(str(temporary))
        start.encoder.save(str(temporary))
        write_lineage(temporary, lineage_of(teacher, made))


def rounded(weight: torch.Tensor) -> torch.Tensor:
    """(out, …) → the same, on the 255 steps of each output channel."""
    largest = weight.abs().flatten(1).amax(dim=1)
    scale = (largest / LARGEST).clamp_min(torch.finfo(torch.float32).tiny)
    zero = torch.zeros(len(scale), dtype=torch.int32, device=weight.device)
    return torch.fake_quantize_per_channel_affine(weight, scale, zero, 0, -LARGEST, LARGEST)


def lineage_of(teacher: Checkpoint, made: LineageRecord) -> LineageRecord:
    """Nothing is trained: a start, settings, and no update."""
    return made.model_copy(
        update={
            "method": METHOD,
            "student_start": teacher.hash,
            "layers": None,
            "teacher": teacher.hash,
            "settings": SETTINGS,
            "training": {},
            "updates": 0,
            "xkd_bench": xkd_bench.__version__,
            "libraries": library_versions(),
        }
    )
