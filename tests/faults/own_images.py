"""Small image files, and image tasks over Parquet files of one's own."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

TASK = """\
schema_version = 1
name = "own/pictures"
title = "Pictures"
summary = "Which digit is it?"
modality = "image"
labels = {labels}
headline = "accuracy"
licence = "ours"
citation = "none"

[data]
source = "files"
{train}evaluation = "rows.parquet"

[data.columns]
image = "image"
label = "label"
"""


def pixels(height: int = 8, width: int = 8, channels: int = 3, seed: int = 0) -> np.ndarray[Any, Any]:
    """Noise, uint8; without an axis of channels for 0 of them."""
    shape = (height, width, channels) if channels else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def encoded(image: np.ndarray[Any, Any] | Image.Image, format: str = "PNG", **options: Any) -> bytes:
    """The bytes of an image file."""
    content = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(content, format, **options)
    return content.getvalue()


def without_pixels(width: int, height: int) -> bytes:
    """The head of a PNG that says so many pixels, and none of them: what a decompression bomb looks like at first."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def write_image_task(folder: Path, cells: Sequence[Any], labels: Sequence[str], train: bool = False) -> Path:
    """A task whose rows are these cells (bytes of files, nested lists of pixels, anything), with labels in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{"image": cell, "label": i % len(labels)} for i, cell in enumerate(cells)]
    pq.write_table(pa.Table.from_pylist(rows), folder / "rows.parquet")
    toml = folder / "pictures.toml"
    toml.write_text(TASK.format(labels=json.dumps(list(labels)), train='train = "rows.parquet"\n' * train))
    return toml
