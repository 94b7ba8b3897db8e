"""`lineage.json`: how a checkpoint was made, beside its weights, so that `evaluate CHECKPOINT` needs nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from xkd_bench.errors import BadInputError
from xkd_bench.records import canonical_json
from xkd_bench.records.files import write_whole
from xkd_bench.records.schema import LineageRecord

FILE = "lineage.json"


def write_lineage(folder: Path, lineage: LineageRecord) -> None:
    write_whole(folder / FILE, canonical_json.dumps(lineage.model_dump(mode="json")))


def read_lineage(folder: Path) -> LineageRecord | None:
    """The lineage of a checkpoint, None where it has none. Raises `BadInputError` for one that does not parse."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        return LineageRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise BadInputError(
            where=str(path),
            expected="a lineage as `xkd-bench distill` writes it",
            found=str(error).splitlines()[0],
            fix="remove the file and name --task and --teacher yourself",
        ) from None


def relative_location(place: str, folder: Path) -> str:
    """How a lineage names a teacher or a task file: relative to the checkpoint's folder, or the hub id as it is."""
    found = Path(place).expanduser()
    return Path(os.path.relpath(found.resolve(), folder.resolve())).as_posix() if found.exists() else place


def resolved_location(location: str, folder: Path) -> str:
    """Where that is now: a path where something lies there, else the hub id."""
    beside = (folder / location).resolve()
    return str(beside) if beside.exists() else location


def trained_to_agree(lineage: LineageRecord | None, title: Callable[[str], str]) -> str:
    """What of a student's training could raise a score without better reasons, in words; empty where nothing could.

    title: what an explainer is called.
    """
    if lineage is None:
        return ""
    said = []
    if lineage.trained_on_explainers:
        names = " and ".join(title(key) for key in lineage.trained_on_explainers)
        said.append(f"trained to match its teacher's {names}: agreement there was the aim, and is no evidence")
    if lineage.augmentation:
        said.append(f"trained on added inputs ({', '.join(lineage.augmentation)})")
    if lineage.masks_inputs:
        said.append("trained on masked inputs, which raises agreement on masked ones")
    return "; ".join(said)
