"""What a build remembers of entries that did not change: digests for the boards, and that their own pages are there.

    <folder>/digests-<version of the code>/<entry>/entry.json   card, briefs, which pages of which board were written
                                                   <task>.json  the digest of its record (`digest.slim`), and its cost
                                                   <task>.npy   draws its places are told by (`ranks.paired_draws`)
                                          sections/<task>.json  what the first page shows of a task, and its pages
                                          pages/                a page that follows from much

An entry is known by the size and time of its files and, where these changed (a fresh checkout), by their contents. A
page is taken over from the board before only while it is the very file that a build wrote. Nothing in the folder is
needed: without it everything is made again, to the same bytes.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from xkd_bench.leaderboard.ranks import PairedDraws
from xkd_bench.records import canonical_json
from xkd_bench.records.audits import Badge
from xkd_bench.records.files import write_whole
from xkd_bench.records.schema import RunRecord, Strict, SubmissionRecord, TaskResult
from xkd_bench.records.submission import file_hash

CODE = (".py", ".toml", ".j2", ".css", ".js")
LIBRARIES = ("jinja2", "markupsafe", "numpy", "pyarrow", "pydantic", "scipy")
_OF_A_VERSION = re.compile(r"digests-[0-9a-f]{32}")
Stamp = tuple[int, int]  # size, and time of the last change in nanoseconds


class EntryDigest(Strict):
    """An entry as the last build left it. tasks: name → brief record. pages: path inside the site → what was written
    there; board: where."""

    stamp: str
    contents: str
    card: SubmissionRecord
    tasks: dict[str, TaskResult]
    badges: dict[str, Badge]
    board: str
    pages: dict[str, Stamp]


class SectionDigest(Strict):
    """A task of a long board as the last build left it. made_from: hash of all it follows from; front: what the first
    page shows of it."""

    made_from: str
    front: dict[str, Any]
    board: str
    pages: dict[str, Stamp]


class RowDigest(Strict):
    """A row of a board. drawn: the scores it is ranked by."""

    result: TaskResult
    run: RunRecord | None
    drawn: tuple[str, ...]


def stamp_of(path: Path) -> Stamp:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def stamp_of_files(root: Path, files: Iterable[str]) -> str:
    """Of files as they lie there. files: paths inside `root`."""
    lines = []
    for name in files:
        found = os.stat(f"{root}/{name}")  # noqa: PTH116 (a long board has a hundred thousand of them)
        lines.append(f"{name} {found.st_size} {found.st_mtime_ns}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def contents_of_files(root: Path, files: Iterable[str]) -> str:
    return canonical_json.content_hash([(name, file_hash(root / name)) for name in files])


def files_below(root: Path, folder: str, depth: int) -> list[str]:
    """Paths inside `root` of the files exactly `depth` folders below `folder`, none where there is no such folder."""
    found: list[str] = []
    try:
        with os.scandir(f"{root}/{folder}") as items:
            for item in items:
                if depth == 0:
                    found.append(f"{folder}/{item.name}")
                elif item.is_dir():
                    found += files_below(root, f"{folder}/{item.name}", depth - 1)
    except OSError:
        return []
    return found


@cache
def code_version() -> str:
    """A hash of this program and of the libraries that decide what a page holds."""
    package = Path(__file__).resolve().parents[1]
    found = hashlib.sha256()
    for path in sorted(path for path in package.rglob("*") if path.suffix in CODE):
        found.update(f"{path.relative_to(package).as_posix()}\n".encode())
        found.update(path.read_bytes())
    for name in LIBRARIES:
        found.update(f"{name} {_version(name)}\n".encode())
    return found.hexdigest()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


class Digests:
    """A folder of digests of one version of the code and the cards. depends_on: what else every page depends on."""

    def __init__(self, root: Path, depends_on: Any) -> None:
        told = canonical_json.content_hash([code_version(), depends_on]).removeprefix("sha256:")
        self.folder = root / f"digests-{told[:32]}"

    def drop_others(self) -> None:
        """Digests of other versions will not be read again. Whatever else lies beside them is not ours."""
        for path in self.folder.parent.iterdir() if self.folder.parent.is_dir() else ():
            if path != self.folder and path.is_dir() and _OF_A_VERSION.fullmatch(path.name):
                shutil.rmtree(path, ignore_errors=True)

    def entry(self, name: str) -> EntryDigest | None:
        """None where there is none, or none that can be read and has all its rows beside it."""
        try:
            found = EntryDigest.model_validate_json((self._place(name) / "entry.json").read_bytes())
        except (OSError, ValidationError):
            return None
        rows = [self._of_task(name, task, suffix) for task in found.tasks for suffix in (".json", ".npy")]
        return found if all(path.is_file() for path in rows) else None

    def write_entry(self, name: str, digest: EntryDigest) -> None:
        """Last of an entry's files, so that where it is there the others are."""
        write_whole(self._place(name) / "entry.json", digest.model_dump_json())

    def row(self, name: str, task: str) -> RowDigest:
        return RowDigest.model_validate_json(self._of_task(name, task, ".json").read_bytes())

    def draws(self, name: str, task: str, names: Sequence[str]) -> PairedDraws:
        """names: of the scores that were drawn, as the row's digest has them."""
        found = np.load(self._of_task(name, task, ".npy"), allow_pickle=False)
        return dict(zip(names, found, strict=True))

    def write_row(self, name: str, task: str, digest: RowDigest, draws: PairedDraws) -> None:
        """draws: of the scores that `digest.drawn` names."""
        path = self._of_task(name, task, ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(digest.model_dump_json().encode())
        stacked = np.stack(list(draws.values())) if draws else np.empty((0, 0))
        np.save(path.with_suffix(".npy"), stacked.astype(np.float32))

    def section(self, task: str) -> SectionDigest | None:
        """None where there is none that can be read."""
        try:
            return SectionDigest.model_validate_json(self._of_section(task).read_bytes())
        except (OSError, ValidationError):
            return None

    def write_section(self, task: str, digest: SectionDigest) -> None:
        place = self._of_section(task)
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, digest.model_dump_json())

    def page(self, name: str, made_from: Any) -> bytes | None:
        """A page as it was made from the same; None where it was not, or where that page is gone."""
        place = self.folder / "pages" / name
        try:
            told = place.with_suffix(".from").read_text(encoding="utf-8")
            return place.read_bytes() if told == canonical_json.content_hash(made_from) else None
        except OSError:
            return None

    def write_page(self, name: str, made_from: Any, contents: bytes) -> None:
        place = self.folder / "pages" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.with_suffix(".from").unlink(missing_ok=True)
        place.write_bytes(contents)
        place.with_suffix(".from").write_text(canonical_json.content_hash(made_from), encoding="utf-8")

    def forget(self, name: str) -> None:
        shutil.rmtree(self._place(name), ignore_errors=True)

    def _place(self, name: str) -> Path:
        digest = hashlib.sha256(name.encode()).hexdigest()
        return self.folder / digest[:2] / digest[2:32]

    def _of_section(self, task: str) -> Path:
        return self.folder / "sections" / f"{hashlib.sha256(task.encode()).hexdigest()[:32]}.json"

    def _of_task(self, name: str, task: str, suffix: str) -> Path:
        return self._place(name) / f"{hashlib.sha256(task.encode()).hexdigest()[:16]}{suffix}"


def still_there(digest: EntryDigest | SectionDigest, board: Path) -> bool:
    """Whether the pages of an entry or a task on a board are the files that were written."""
    try:
        return digest.board == str(board) and all(
            stamp_of(board / path) == stamp for path, stamp in digest.pages.items()
        )
    except OSError:
        return False
