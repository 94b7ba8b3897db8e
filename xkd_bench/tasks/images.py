"""From a file, its bytes or an array to RGB pixels: one clear reason for everything that is no such picture."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xkd_bench.errors import BadInputError
from xkd_bench.tasks.examples import ImageInput

# What people hand in. Pillow knows more, and for some of it (EPS) it would start another program.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000")
MOST_PIXELS = 80_000_000  # 240 MB as RGB; Pillow warns from 89 million on
LONGEST_SIDE = 1024  # of an image of the user's own: models see 224 to 512 pixels, and each masking is a copy of it
DEEP_GREY = ("I;16", "I;16B", "I;16L", "I;16N")
READABLE = f"one PNG or JPEG image of at most {MOST_PIXELS // 1_000_000} million pixels"
REPLACE = "replace the image, or save it again as an RGB PNG"


def read_image(path: Path) -> tuple[ImageInput, str]:
    """An image file of the user's, no side longer than `LONGEST_SIDE`; and how it was read: size, size before, mode.

    Raises `BadInputError` for a file that is not there or holds no single picture.
    """
    from PIL import Image

    picture = _opened(_content(path), str(path))
    pixels = _rgb(picture, str(path))
    height, width = pixels.shape[:2]
    facts = [_size(width, height)]
    if max(width, height) > LONGEST_SIDE:
        share = LONGEST_SIDE / max(width, height)
        smaller = max(1, round(width * share)), max(1, round(height * share))
        pixels = np.asarray(Image.fromarray(pixels).resize(smaller, Image.Resampling.LANCZOS), dtype=np.uint8)
        facts = [_size(*smaller), f"from {_size(width, height)}"]
    if picture.mode != "RGB":
        facts.append(f"RGB from {picture.mode}")
    return ImageInput(pixels), ", ".join(facts)


def _content(path: Path) -> bytes:
    try:
        if path.is_file():
            return path.read_bytes()
        found = "a folder" if path.is_dir() else "no such file"
    except (OSError, ValueError) as error:
        found = f"a file that cannot be read: {error}"
    raise BadInputError(
        where=str(path),
        expected="an image file, e.g. photo.png",
        found=found,
        fix="give the path of a PNG or JPEG (or an image of the task: --example)",
    )


def _size(width: int, height: int) -> str:
    return f"{width}×{height} pixels"


def image_of(value: Any, where: str) -> ImageInput:
    """A cell of a data set: bytes of an image file, alone or as `datasets` stores them beside a path, or an array.

    An array is (height, width, 3), or (height, width) or (height, width, 1) in grey, of whole numbers in 0…255.
    Raises `BadInputError` for anything else.
    """
    if isinstance(value, dict) and {"bytes", "path"} <= value.keys():
        value = value["bytes"] if value["path"] is None or value["bytes"] is not None else _content(Path(value["path"]))
    if isinstance(value, bytes):
        return ImageInput(_rgb(_opened(value, where), where))
    if isinstance(value, np.ndarray | list):
        return ImageInput(_from_array(value, where))
    raise BadInputError(
        where=where,
        expected="the bytes of an image file, or its pixels (height, width, 3)",
        found="no image" if value is None else f"{type(value).__name__} {str(value)[:60]!r}",
        fix="write the image itself into the row, as `datasets` does",
    )


def _opened(content: bytes, where: str) -> Any:
    """The decoded picture, turned upright."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=FORMATS)
        if picture.width * picture.height > MOST_PIXELS:
            raise _refused(where, f"{_size(picture.width, picture.height)}", "make it smaller")
        if getattr(picture, "is_animated", False) and picture.format != "MPO":  # a camera's JPEG with a preview
            raise _refused(where, f"an animation or several pages ({picture.format})", "save one of them as a PNG")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of broken metadata; what cannot be decoded raises
            picture.load()
            return ImageOps.exif_transpose(picture)
    except BadInputError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise _refused(where, "one with more pixels than that", "make it smaller") from None
    except UnidentifiedImageError:
        found = "an empty file" if not content else f"a file that is none of {', '.join(FORMATS)}"
        raise _refused(where, found, REPLACE) from None
    except Exception as error:  # decoders raise a dozen kinds for a file that was cut or altered
        raise _refused(where, _reason(error), REPLACE) from None


def _rgb(picture: Any, where: str) -> NDArray[np.uint8]:
    """RGB of any mode; transparency is dropped, as image processors do, and 16 bits of grey become 8."""
    if picture.mode in DEEP_GREY:
        grey = np.rint(np.asarray(picture, dtype=np.float64) * (255 / 65535)).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if picture.mode in ("I", "F"):
        raise _refused(where, f"numbers of 32 bits in mode {picture.mode}", REPLACE)
    try:
        if picture.mode == "P" and "transparency" in picture.info:
            picture = picture.convert("RGBA")
        return np.asarray(picture.convert("RGB"), dtype=np.uint8)
    except (ValueError, OSError) as error:
        raise _refused(where, f"mode {picture.mode}: {_reason(error)}", REPLACE) from None


def _from_array(value: Any, where: str) -> NDArray[np.uint8]:
    try:
        pixels = np.asarray(value)
    except ValueError:
        raise _not_pixels(where, "rows of different lengths") from None
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3) or pixels.size == 0:
        raise _not_pixels(where, f"an array of shape {np.shape(value)}")
    if pixels.dtype.kind not in "iu":
        raise _not_pixels(where, f"numbers of type {pixels.dtype}")
    if pixels.min() < 0 or pixels.max() > 255:
        raise _not_pixels(where, f"numbers from {pixels.min()} to {pixels.max()}")
    return np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)), dtype=np.uint8)


def _not_pixels(where: str, found: str) -> BadInputError:
    return BadInputError(
        where=where,
        expected="pixels (height, width, 3), or (height, width) in grey, whole numbers from 0 to 255",
        found=found,
        fix="convert the images to RGB with the channels last and as uint8",
    )


def _refused(where: str, found: str, fix: str) -> BadInputError:
    return BadInputError(where=where, expected=READABLE, found=found, fix=fix)


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200] if lines else 'no message'}"
