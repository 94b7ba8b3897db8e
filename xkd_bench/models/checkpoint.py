"""A checkpoint: a folder or hub id that is safe to open, known by the hash of what is in it, never by its name."""

from __future__ import annotations

import hashlib
import json
import math
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xkd_bench.errors import BadInputError

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
    "special_tokens_map.json",
    "added_tokens.json",
)
VOCABULARY_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "sentencepiece.bpe.model")
PROCESSOR_FILES = ("preprocessor_config.json", "processor_config.json")
INDEX_FILE = "model.safetensors.index.json"
PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".pkl", ".ckpt", ".h5", ".msgpack")
FLOATING = ("F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2")
MAX_HEADER_BYTES = 100_000_000
CONVERT = (
    'convert it where you trust it: python -c "from transformers import AutoModelForSequenceClassification as M; '
    "M.from_pretrained('FOLDER').save_pretrained('FOLDER', safe_serialization=True)\""
)


@dataclass(frozen=True)
class Checkpoint:
    """A checked model folder. `hash` covers weights, config and tokenizer/processor files by content.

    parameters: values in floating-point tensors of the weight files. bytes: size of the weight files.
    """

    location: str
    folder: Path
    hash: str
    config: dict[str, Any]
    tensors: tuple[str, ...]
    parameters: int
    bytes: int

    @property
    def model_type(self) -> str:
        return str(self.config.get("model_type", ""))

    @property
    def architecture(self) -> str:
        """Class the weights were saved from, e.g. `BertForSequenceClassification`."""
        names = self.config.get("architectures") or [self.model_type]
        return str(names[0])

    @property
    def blocks(self) -> int | None:
        for key in ("num_hidden_layers", "n_layers", "n_layer"):
            if isinstance(self.config.get(key), int):
                return int(self.config[key])
        return None

    def has(self, *names: str) -> bool:
        return any((self.folder / name).is_file() for name in names)


def open_checkpoint(location: str) -> Checkpoint:
    """Resolve a folder or hub id and check everything that can be checked before any weight is loaded.

    Raises `BadInputError` for a missing folder, weights that are not safetensors, a truncated file, remote code.
    """
    folder = _resolve(location)
    config = _read_config(folder, location)
    weights = _weight_files(folder, location)
    tensors: list[str] = []
    parameters = 0
    for path in weights:
        header = read_safetensors_header(path)
        tensors += [name for name in header if name != "__metadata__"]
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
        tensors=tuple(sorted(tensors)),
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
            found=f"no such folder, and from the hub: {type(error).__name__}: {str(error).strip().splitlines()[0]}",
            fix="check the spelling, or download the model where there is a network",
        ) from error


def _read_config(folder: Path, location: str) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInputError(
            where=location, expected="config.json", found="none", fix="give a folder made by save_pretrained"
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadInputError(
            where=str(path), expected="valid JSON", found=str(error), fix="save the model again"
        ) from None
    if not isinstance(config, dict) or not config.get("model_type"):
        raise BadInputError(
            where=str(path),
            expected="a model config with model_type",
            found="none",
            fix="save the model again",
        )
    if "auto_map" in config:
        raise BadInputError(
            where=str(path),
            expected="an architecture that transformers itself has",
            found="auto_map, which asks for code from the checkpoint",
            fix="xkd-bench never runs such code: port the model to an architecture of transformers",
        )
    return config


def _weight_files(folder: Path, location: str) -> list[Path]:
    index = folder / INDEX_FILE
    if index.is_file():
        try:
            names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        except (json.JSONDecodeError, KeyError, AttributeError, UnicodeDecodeError) as error:
            raise BadInputError(
                where=str(index),
                expected="an index of weight files",
                found=repr(error),
                fix="save the model again",
            ) from None
        files = [folder / Path(name).name for name in names]
    else:
        files = [folder / "model.safetensors"]
    missing = [path.name for path in files if not path.is_file()]
    if not missing:
        return files
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLE_SUFFIXES)
    if pickles:
        raise BadInputError(
            where=location,
            expected="weights as safetensors",
            found=f"{', '.join(pickles)}: loading such a file can run code",
            fix=CONVERT,
        )
    raise BadInputError(
        where=location,
        expected=", ".join(missing),
        found="no such file",
        fix="give a folder made by save_pretrained",
    )


def read_safetensors_header(path: Path) -> dict[str, Any]:
    """The header of a safetensors file: name → {dtype, shape, data_offsets}. Nothing of the tensors is read.

    Raises `BadInputError` where the header is malformed or the file is shorter than its header says.
    """
    size = path.stat().st_size

    def refuse(found: str) -> BadInputError:
        return BadInputError(
            where=str(path),
            expected="a whole safetensors file",
            found=found,
            fix="copy or download the file again",
        )

    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        if length > min(size - 8, MAX_HEADER_BYTES):
            raise refuse(f"{size} bytes, too few for its header: the file is truncated or of another format")
        try:
            header = json.loads(file.read(length))
            ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            raise refuse("a header that is no JSON of tensors") from None
    needed = 8 + length + max(ends, default=0)
    if size != needed:
        what = "truncated" if size < needed else "too long"
        raise refuse(f"{size} bytes where the header speaks of {needed}: the file is {what}")
    return dict(header)


def _content_hash(folder: Path, weights: list[Path]) -> str:
    """sha256 over (file name, sha256 of its bytes), names sorted."""
    others = [folder / name for name in ("config.json", *TOKENIZER_FILES, *PROCESSOR_FILES)]
    digest = hashlib.sha256(b"xkd-bench checkpoint 1\n")
    for path in sorted({*weights, *(path for path in others if path.is_file())}, key=lambda path: path.name):
        with path.open("rb") as file:
            digest.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return f"sha256:{digest.hexdigest()}"
