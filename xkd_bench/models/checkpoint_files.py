"""The files of a checkpoint: which ones count, and weights that are whole, safetensors, and in the folder itself."""

from __future__ import annotations

import json
import math
import re
import struct
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
    "spm.model",
    "sentencepiece.bpe.model",
    "special_tokens_map.json",
    "added_tokens.json",
)
VOCABULARY_FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "spm.model",
    "sentencepiece.bpe.model",
)
PROCESSOR_FILES = ("preprocessor_config.json", "processor_config.json")
WEIGHTS_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"
PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".pkl", ".ckpt", ".h5", ".msgpack")
MAX_HEADER_BYTES = 100_000_000
CONVERT = (
    'convert it where you trust it: python -c "import transformers as t; '
    "t.AutoModelFor{kind}Classification.from_pretrained('{folder}').save_pretrained('{folder}')\""
)


def read_json(path: Path) -> Any:
    """A JSON file of a checkpoint. Raises `BadInputError` for one that does not parse."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError) as error:
        raise BadInputError(
            where=str(path), expected="valid JSON", found=str(error), fix="save the model again"
        ) from None


def refuse_weights_elsewhere(folder: Path, config: dict[str, Any]) -> None:
    """Weights that the library would load and that the hash would not cover."""
    found = None
    if (folder / "adapter_config.json").is_file():
        found = "adapter_config.json: an adapter, whose base weights lie elsewhere"
    elif config.get("transformers_weights") not in (None, WEIGHTS_FILE):
        found = f"transformers_weights = {config['transformers_weights']!r} in config.json"
    if found:
        raise BadInputError(
            where=str(folder),
            expected=f"all weights in {WEIGHTS_FILE}, or in the files {INDEX_FILE} names",
            found=found,
            fix="save the whole model with save_pretrained (of an adapter, model.merge_and_unload())",
        )


def weight_files(folder: Path, location: str) -> list[Path]:
    """The files the library will load: one file where there is one, else those of the index."""
    files = [folder / WEIGHTS_FILE]
    if not files[0].is_file() and (folder / INDEX_FILE).is_file():
        files = _shards(folder)
    missing = [path.name for path in files if not path.is_file()]
    if not missing:
        return files
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix in PICKLE_SUFFIXES)
    if pickles:
        raise BadInputError(
            where=location,
            expected="weights as safetensors",
            found=f"{', '.join(pickles)}: loading such a file can run code",
            fix=CONVERT.format(kind="Image" if (folder / PROCESSOR_FILES[0]).is_file() else "Sequence", folder=folder),
        )
    raise BadInputError(
        where=location,
        expected=", ".join(missing),
        found="no such file",
        fix="give a folder made by save_pretrained",
    )


def _shards(folder: Path) -> list[Path]:
    """Files an index names. They must lie in the folder itself: the library would follow a path out of it."""
    index = read_json(folder / INDEX_FILE)
    weight_map = index.get("weight_map") if isinstance(index, dict) else None
    names = set(weight_map.values()) if isinstance(weight_map, dict) and _all_text(weight_map) else set()
    outside = sorted(name for name in names if not re.fullmatch(r"[\w-][\w.-]*\.safetensors", name))
    if not names or outside:
        raise BadInputError(
            where=str(folder / INDEX_FILE),
            expected="a weight_map from tensors to .safetensors files beside the index",
            found=", ".join(map(repr, outside[:4])) or "none",
            fix="save the model again with save_pretrained",
        )
    return [folder / name for name in sorted(names)]


def _all_text(weight_map: dict[str, Any]) -> bool:
    return all(isinstance(name, str) for name in weight_map.values())


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
            tensors = [entry for name, entry in header.items() if name != "__metadata__"]
            ends = [int(entry["data_offsets"][1]) for entry in tensors]
            if not all(isinstance(entry["dtype"], str) and math.prod(entry["shape"]) >= 0 for entry in tensors):
                raise ValueError
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
            raise refuse("a header that is no JSON of tensors") from None
    needed = 8 + length + max(ends, default=0)
    if size != needed:
        what = "truncated" if size < needed else "too long"
        raise refuse(f"{size} bytes where the header speaks of {needed}: the file is {what}")
    return dict(header)
