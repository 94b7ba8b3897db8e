"""A first `submission.toml`, from what its author answered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xkd_bench.errors import BadInputError
from xkd_bench.records.files import disk_errors, whole_folder, write_whole
from xkd_bench.records.listing import NAME
from xkd_bench.records.schema import SubmissionRecord
from xkd_bench.records.submission import parse


@dataclass(frozen=True)
class Answers:
    """What a `submission.toml` says. links: what they lead to → https address."""

    name: str
    method: str
    summary: str = ""
    authors: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    citation: str = ""


def read_links(given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """`paper=https://…` → (paper, https://…)."""
    found = []
    for one in given:
        name, equals, address = one.partition("=")
        if not equals or not name or not address.startswith("https://"):
            raise BadInputError(
                where="--link", expected="NAME=https://…", found=repr(one), fix="e.g. --link paper=https://arxiv.org/…"
            )
        found.append((name, address))
    return tuple(found)


def read_citation(path: str | None) -> str:
    if path is None:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(
            where="--citation", expected="a BibTeX file in UTF-8", found=str(error), fix="check the path"
        ) from None


def submission_toml(answers: Answers) -> str:
    """The file's text. Strings are quoted as JSON, which TOML reads the same."""

    def quoted(text: str) -> str:
        return json.dumps(text, ensure_ascii=False)

    lines = [
        "schema_version = 1",
        f"name = {quoted(answers.name)}",
        f"method = {quoted(answers.method)}",
        f"summary = {quoted(answers.summary)}",
        f"authors = [{', '.join(map(quoted, answers.authors))}]",
        f"citation = {quoted(answers.citation)}",
        "",
        "[links]",
        *(f"{quoted(name)} = {quoted(address)}" for name, address in answers.links),
    ]
    return "\n".join(lines) + "\n"


def write_new(root: Path, answers: Answers) -> Path:
    """Make `<root>/<name>/submission.toml`. Raises `BadInputError` for a name or text that the check would refuse."""
    folder = root / answers.name
    if not NAME.fullmatch(answers.name):
        raise BadInputError(
            where="NAME",
            expected="letters, digits, '.', '_' and '-', a letter or digit first, 100 at most",
            found=repr(answers.name),
            fix="choose another name; what it is called on the board stands in submission.toml",
        )
    if folder.exists():
        raise BadInputError(
            where=str(folder), expected="a name that is free", found="a folder", fix="choose another name"
        )
    with disk_errors(folder, "nothing of it was written"), whole_folder(folder) as temporary:
        write_whole(temporary / "submission.toml", submission_toml(answers))
        parse(SubmissionRecord, temporary / "submission.toml")
    return folder
