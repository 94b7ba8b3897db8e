"""Which files a submission may hold, and how large: looked at before any of them is opened."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from xkd_bench.records.findings import SubmissionError

MAX_BYTES = {
    "submission.toml": 64 * 1024,
    "record.json": 4 * 1024 * 1024,
    "run.json": 256 * 1024,
    "examples.parquet": 16 * 1024 * 1024,
    "explanations.parquet": 16 * 1024 * 1024,
    "masking.parquet": 16 * 1024 * 1024,
    "perturbed.parquet": 16 * 1024 * 1024,
}
MOST_BYTES = 64 * 1024 * 1024
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
DEPTH = 2  # <suite>/<task>/ below the submission's folder


def check_listing(folder: Path) -> Iterator[SubmissionError]:
    """What is wrong with the names, kinds and sizes of the files below `folder`."""
    if not NAME.fullmatch(folder.resolve().name):
        yield _odd_name(folder)
    total = 0
    waiting = [(folder, 0)]
    while waiting:
        inside, depth = waiting.pop(0)
        for entry in sorted(os.scandir(inside), key=lambda one: one.name):
            path = Path(entry.path)
            if entry.is_symlink():
                yield SubmissionError(
                    "link",
                    where=str(path),
                    expected="plain files and folders",
                    found=f"a symbolic link to {_shown(str(path.readlink()))}",
                    fix="put the file itself there",
                )
            elif entry.is_dir():
                if not NAME.fullmatch(entry.name):
                    yield _odd_name(path)
                elif depth < DEPTH:
                    waiting.append((path, depth + 1))
                else:
                    yield _odd_file(path, "a folder inside a task's folder")
            elif not entry.is_file() or entry.name not in MAX_BYTES or depth != _depth_of(entry.name):
                yield _odd_file(path, "a file of another kind, or in another place")
            else:
                size = entry.stat().st_size
                total += size
                if size > MAX_BYTES[entry.name]:
                    yield too_large(path, size)
    if total > MOST_BYTES:
        yield SubmissionError(
            "too-much",
            where=str(folder),
            expected=f"at most {MOST_BYTES:,} bytes in all",
            found=f"{total:,}",
            fix="split the entry, or evaluate with a protocol that explains fewer examples",
        )


def too_large(path: Path, size: int) -> SubmissionError:
    return SubmissionError(
        "too-large",
        where=str(path),
        expected=f"at most {MAX_BYTES[path.name]:,} bytes",
        found=f"{size:,}",
        fix="evaluate again: no record this program writes is as large",
    )


def _depth_of(name: str) -> int:
    return 0 if name == "submission.toml" else DEPTH


def _odd_name(path: Path) -> SubmissionError:
    return SubmissionError(
        "odd-name",
        where=_shown(str(path)),
        expected="a name of letters, digits, '.', '_' and '-', that begins with a letter or digit",
        found=_shown(path.resolve().name),
        fix="rename the folder",
    )


def _odd_file(path: Path, what: str) -> SubmissionError:
    return SubmissionError(
        "odd-file",
        where=_shown(str(path)),
        expected=f"submission.toml, and in <suite>/<task>/ {', '.join(name for name in MAX_BYTES if _depth_of(name))}",
        found=what,
        fix="put only what `xkd-bench evaluate` wrote into the folder",
    )


def _shown(text: str) -> str:
    """A name from a stranger, as a terminal may print it."""
    return text.encode("unicode_escape", errors="replace").decode("ascii") if not text.isprintable() else text
