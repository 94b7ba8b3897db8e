"""A checkpoint: a folder or hub id that is safe to open, known by the hash of what is in it, never by its name."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xkd_bench.errors import BadInputError
from xkd_bench.models.checkpoint_files import (
    INDEX_FILE,
    PROCESSOR_FILES,
    TOKENIZER_FILES,
    read_json,
    read_safetensors_header,
    refuse_weights_elsewhere,
    weight_files,
)
from xkd_bench.records.reference_tables import PREFIX, find_reference, read_reference

FLOATING = ("F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2")


@dataclass(frozen=True)
class Checkpoint:
    """A checked model folder. `hash` covers weights, config and tokenizer/processor files by content.

    parameters: values in floating-point tensors of the weight files. bytes: size of the weight files. reference: a
    reference teacher, of which there are measurements and no weights.
    """

    location: str
    folder: Path
    hash: str
    config: dict[str, Any]
    parameters: int
    bytes: int
    reference: bool = False

    @property
    def model_type(self) -> str:
        return str(self.config.get("model_type", ""))

    @property
    def architecture(self) -> str:
        """Class the weights were saved from, e.g. `BertForSequenceClassification`."""
        names = self.config.get("architectures")
        return str(names[0]) if isinstance(names, list) and names else self.model_type

    @property
    def blocks(self) -> int | None:
        for key in ("num_hidden_layers", "n_layers", "n_layer"):
            if isinstance(self.config.get(key), int):
                return int(self.config[key])
        return None

    def has(self, *names: str) -> bool:
        return any((self.folder / name).is_file() for name in names)


def open_checkpoint(location: str) -> Checkpoint:
    """Resolve a folder, hub id or `reference:NAME` and check everything that can be checked before weights are loaded.

    Raises `BadInputError` for a missing folder, weights that are not safetensors, a truncated file, remote code.
    """
    folder = find_reference(location.removeprefix(PREFIX)) if location.startswith(PREFIX) else _resolve(location)
    config = _read_config(folder, location)
    kept = read_reference(folder)
    if kept is not None:
        return Checkpoint(location, folder, kept.checkpoint, config, kept.parameters, kept.bytes, reference=True)
    weights = weight_files(folder, location)
    parameters = 0
    for path in weights:
        header = read_safetensors_header(path)
        parameters += sum(
            math.prod(entry["shape"])
            for name, entry in header.items()
            if name != "__metadata__" and entry["dtype"] in FLOATING
        )
    return Checkpoint(
        location=location,
        folder=folder,
        hash=_content_hash(folder, weights),
        config=config,
        parameters=parameters,
        bytes=sum(path.stat().st_size for path in weights),
    )


def _resolve(location: str) -> Path:
    folder = Path(location).expanduser()
    if folder.is_dir():
        return folder.resolve()
    looks_like_hub_id = re.fullmatch(r"[\w.-]+/[\w.-]+(@[\w./-]+)?|[\w.-]+(@[\w./-]+)?", location)
    if not looks_like_hub_id or location.startswith((".", "/")):
        raise BadInputError(
            where=location,
            expected="a model folder, or a hub id such as owner/name",
            found="a file" if folder.exists() else "no such folder",
            fix="give the folder that holds config.json and model.safetensors",
        )
    from huggingface_hub import snapshot_download

    name, _, revision = location.partition("@")
    patterns = [
        "*.safetensors",
        INDEX_FILE,
        "config.json",
        "lineage.json",
        *TOKENIZER_FILES,
        *PROCESSOR_FILES,
    ]
    try:
        return Path(snapshot_download(name, revision=revision or None, allow_patterns=patterns))
    except Exception as error:
        # The hub's client raises a dozen kinds for "cannot be had"; the user needs the name and the reason.
        raise BadInputError(
            where=location,
            expected="a model folder, or a model on the hub that can be reached or is in the local cache",
            found=f"no such folder, and from the hub: {reason(error)}",
            fix="check the spelling, or download the model where there is a network",
        ) from error


def reason(error: Exception) -> str:
    """Kind and first line of a library's error, with the next line where the first only announces it."""
    lines = [line.strip() for line in str(error).strip().splitlines()]
    told = " ".join(lines[: 2 if lines and lines[0].endswith(":") else 1])
    return f"{type(error).__name__}: {told}" if told else type(error).__name__


def _read_config(folder: Path, location: str) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.is_file():
        raise BadInputError(
            where=location, expected="config.json", found="none", fix="give a folder made by save_pretrained"
        )
    config = read_json(path)
    if not isinstance(config, dict) or not config.get("model_type"):
        raise BadInputError(
            where=str(path),
            expected="a model config with model_type",
            found="none",
            fix="save the model again",
        )
    for name in ("config.json", "tokenizer_config.json", *PROCESSOR_FILES):
        if (folder / name).is_file():
            _refuse_remote_code(folder / name, read_json(folder / name))
    refuse_weights_elsewhere(folder, config)
    return config


def _refuse_remote_code(path: Path, config: Any) -> None:
    """`auto_map` names code in the checkpoint, an attention implementation with a slash names code on the hub."""
    if not isinstance(config, dict):
        return
    attention = [config.get("attn_implementation"), config.get("_attn_implementation")]
    found = "auto_map" if "auto_map" in config else "attn_implementation" if "/" in str(attention) else None
    if found:
        raise BadInputError(
            where=str(path),
            expected="an architecture that transformers itself has",
            found=f"{found}, which asks for code from the checkpoint or the hub",
            fix="xkd-bench never runs such code: port the model to an architecture of transformers",
        )


def _content_hash(folder: Path, weights: list[Path]) -> str:
    """sha256 over (file name, sha256 of its bytes), names sorted."""
    others = [folder / name for name in ("config.json", *TOKENIZER_FILES, *PROCESSOR_FILES)]
    digest = hashlib.sha256(b"xkd-bench checkpoint 1\n")
    for path in sorted({*weights, *(path for path in others if path.is_file())}, key=lambda path: path.name):
        with path.open("rb") as file:
            digest.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return f"sha256:{digest.hexdigest()}"
