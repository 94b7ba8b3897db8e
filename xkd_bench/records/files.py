"""Writing to disk: whole or not at all, and a full disk as one clear message."""

from __future__ import annotations

import errno
import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xkd_bench.errors import DiskError

CANNOT_WRITE = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EACCES,
    errno.EROFS,
    errno.EPERM,
    errno.ENOENT,  # a place where nothing can be made, such as /proc
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
    errno.ENAMETOOLONG,
)


@contextmanager
def disk_errors(place: Path, kept: str) -> Iterator[None]:
    """Turn "no space", "not allowed" and "no folder" into a `DiskError` that says what is kept."""
    try:
        yield
    except Exception as error:
        found = _disk_said(error)
        if found is None:
            raise
        raise DiskError(
            where=str(place),
            expected="a folder with room that can be written to",
            found=found,
            fix=f"free some space or name another place; {kept}",
        ) from error


def _disk_said(error: Exception) -> str | None:
    """Why nothing can be written, None for any other error. safetensors and torch raise errors of their own kinds."""
    if isinstance(error, OSError):
        return os.strerror(error.errno) if error.errno in CANNOT_WRITE else None
    text = str(error)
    for number in CANNOT_WRITE:
        if f"(os error {number})" in text or f"strerror: {os.strerror(number)}" in text:
            return os.strerror(number)
    if "inline_container" in text and "unexpected pos" in text:  # all torch.save says of a disk that fills up
        return f"{os.strerror(errno.ENOSPC)}, or the file could not be written whole"
    return None


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A temporary folder beside `target` that takes its place when the block ends well, and vanishes otherwise."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    _clear_leftovers(target)
    temporary.mkdir()
    try:
        yield temporary
        old = target.with_name(f".{target.name}.{os.getpid()}.old")
        if target.exists():
            target.replace(old)
        temporary.replace(target)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _clear_leftovers(target: Path) -> None:
    """Temporary folders of processes that were killed, or of an earlier one with this process's number."""
    for path in target.parent.glob(f".{glob.escape(target.name)}.*.tmp"):
        number = path.name.split(".")[-2]
        if number.isdecimal() and (int(number) == os.getpid() or not _runs(int(number))):
            shutil.rmtree(path, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # somebody else's
    return True


def write_whole(path: Path, text: str) -> None:
    """Write a file under a temporary name and rename it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
