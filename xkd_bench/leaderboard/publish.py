"""A built folder in place of the last one: written beside it, then swapped; what we did not build is left alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from xkd_bench.errors import BadInputError

MARKER = "BUILT.txt"
FIRST_LINE = "Built by xkd-bench from submissions/. Changes made here are lost with the next build. Files:"


def listed(files: Mapping[str, bytes]) -> bytes:
    """The marker: what the build wrote, one path a line."""
    return ("\n".join([FIRST_LINE, *sorted(files)]) + "\n").encode()


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
    present = {
        path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_symlink() or not path.is_dir()
    }
    if foreign := sorted(present - {*lines[1:], MARKER}):
        raise BadInputError(
            where=str(output),
            expected="nothing but an earlier board",
            found=f"also {', '.join(foreign[:5])}",
            fix="move these files elsewhere: a build replaces the whole folder",
        )


def publish(files: Mapping[str, bytes], output: Path) -> None:
    """Write `files` (path inside the folder → contents) as the folder `output`, all or nothing.

    They are written to a temporary folder beside `output`, so that two renames put them in place.
    """
    check_replaceable(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as place:
        fresh, former = Path(place) / "new", Path(place) / "old"
        for name, contents in {**files, MARKER: listed(files)}.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(contents)
        if output.exists():
            output.rename(former)
        try:
            fresh.rename(output)
        except OSError:
            if former.exists():
                former.rename(output)
            raise
