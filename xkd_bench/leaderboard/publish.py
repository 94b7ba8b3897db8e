"""A built folder in place of the last one: written beside it, then swapped; what we did not build is left alone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from xkd_bench.errors import BadInputError

MARKER = "BUILT.txt"
FIRST_LINE = "Built by xkd-bench from submissions/. Changes made here are lost with the next build. Files:"


@dataclass(frozen=True)
class Edition:
    """A folder that is being written, to take the place of `former`. Any number of processes may write to it."""

    fresh: Path
    former: Path

    def write(self, files: Mapping[str, bytes]) -> None:
        """files: path inside the folder → contents."""
        for name, contents in files.items():
            path = self.fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents)

    def keep(self, name: str) -> None:
        """The file of the former folder, as it is."""
        path = self.fresh / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(self.former / name, path)
        except OSError:  # a file system without links
            shutil.copy2(self.former / name, path)


def check_replaceable(output: Path) -> None:
    """Raises `BadInputError` unless `output` is free, empty, or holds nothing but what an earlier build wrote."""
    if output.is_symlink() or (output.exists() and not output.is_dir()):
        raise BadInputError(
            where=str(output),
            expected="a folder, or nothing yet",
            found="a file or a link",
            fix="choose another folder",
        )
    if not output.exists() or not any(output.iterdir()):
        return
    marker = output / MARKER
    lines = marker.read_text(encoding="utf-8").splitlines() if marker.is_file() else []
    if not lines or lines[0] != FIRST_LINE:
        raise BadInputError(
            where=str(output),
            expected=f"an empty folder or an earlier board (with {MARKER})",
            found="a folder with other contents",
            fix="choose another folder, or empty this one yourself",
        )
    if foreign := sorted(_files(output) - {*lines[1:], MARKER}):
        raise BadInputError(
            where=str(output),
            expected="nothing but an earlier board",
            found=f"also {', '.join(foreign[:5])}",
            fix="move these files elsewhere: a build replaces the whole folder",
        )


@contextmanager
def publishing(output: Path) -> Iterator[Edition]:
    """What is written to the edition becomes the folder `output` when the block ends, all or nothing.

    It is written to a temporary folder beside `output`, so that two renames put it in place.
    """
    check_replaceable(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as place:
        fresh, former = Path(place) / "new", Path(place) / "old"
        fresh.mkdir()
        yield Edition(fresh, output)
        names = sorted(_files(fresh))
        (fresh / MARKER).write_bytes(("\n".join([FIRST_LINE, *names]) + "\n").encode())
        if output.exists():
            output.rename(former)
        try:
            fresh.rename(output)
        except OSError:
            if former.exists():
                former.rename(output)
            raise


def _files(folder: Path) -> set[str]:
    """Paths inside a folder of everything that is no folder itself; a link to one is none."""
    found = set()
    for place, folders, names in os.walk(folder):
        inside = os.path.relpath(place, folder)
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        found |= {(Path(inside) / name).as_posix() for name in (*names, *links)}
    return found
