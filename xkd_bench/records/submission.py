"""A submission on disk: `submission.toml`, and per task `record.json`, `run.json` and tables.

submissions/<entry>/submission.toml
submissions/<entry>/<suite>/<task>/record.json      deterministic
submissions/<entry>/<suite>/<task>/run.json         cost and device
submissions/<entry>/<suite>/<task>/examples.parquet  ids and numbers, never text or pixels
submissions/<entry>/<suite>/<task>/explanations.parquet  the same of the examples that were explained
submissions/<entry>/<suite>/<task>/masking.parquet       what was left of their answers while units were masked
submissions/<entry>/<suite>/<task>/perturbed.parquet     their answers to perturbed inputs
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from xkd_bench.errors import BadInputError
from xkd_bench.records.findings import Findings, SubmissionError
from xkd_bench.records.listing import MAX_BYTES, too_large
from xkd_bench.records.schema import SCHEMA_VERSION, RunRecord, SubmissionRecord, TaskResult

Model = TypeVar("Model", bound=BaseModel)

REFERENCE = "reference/"  # how names of the entries begin that this project made itself
CONTROL = "control-"  # and, after that, of those that no method made: they say what can be expected, and have no rank


@dataclass(frozen=True)
class TaskEntry:
    """One task of a submission, as read from its folder."""

    folder: Path
    result: TaskResult
    run: RunRecord | None


@dataclass(frozen=True)
class Submission:
    """A whole entry; `name` is its folder's name below `submissions/`."""

    folder: Path
    name: str
    card: SubmissionRecord
    tasks: dict[str, TaskEntry]

    @property
    def is_reference(self) -> bool:
        return self.name.startswith(REFERENCE)

    @property
    def is_control(self) -> bool:
        return self.name.startswith(REFERENCE + CONTROL)


def file_hash(path: Path) -> str:
    """`sha256:` of a file's bytes."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def read_text(path: Path) -> str:
    """Text of a small file of a submission: a plain file, not too large, UTF-8. Raises `SubmissionError`."""
    if path.is_symlink() or not path.is_file():
        raise SubmissionError(
            "missing-file", where=str(path), expected=f"a plain file {path.name}", found="none", fix="evaluate again"
        )
    if (size := path.stat().st_size) > MAX_BYTES[path.name]:
        raise too_large(path, size)
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SubmissionError(
            "not-utf8", where=str(path), expected="UTF-8", found=str(error), fix="evaluate again"
        ) from None


def parse(model: type[Model], path: Path) -> Model:
    """A file of a submission as its schema says. Raises `SubmissionError` naming file and field."""
    text = read_text(path)
    try:
        value = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text, object_pairs_hook=_once)
    except _RepeatedKeyError as error:
        raise SubmissionError(
            "repeated-key", where=str(path), expected="every key once", found=str(error), fix="evaluate again"
        ) from None
    except (ValueError, RecursionError) as error:  # a number of ten thousand digits is a plain ValueError
        raise SubmissionError(
            "bad-syntax",
            where=str(path),
            expected=f"valid {path.suffix[1:].upper()}",
            found=str(error),
            fix="mend the file",
        ) from None
    version = value.get("schema_version") if isinstance(value, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise SubmissionError(
            "newer-schema",
            where=f"{path}, schema_version",
            expected=f"at most {SCHEMA_VERSION}",
            found=str(version),
            fix="upgrade xkd-bench: a newer one wrote this file",
        )
    plain = json.dumps(value, default=str, ensure_ascii=False)
    # Nearly every file is told apart at once from one that needs a look at each character.
    if path.suffix == ".toml" or not plain.isprintable() or _ESCAPED.search(plain):
        _check_text(value, path)
    try:
        # Strict JSON types: "1" is no number and 1.5 no count; tuples and floats without a point are as JSON has them.
        return model.model_validate_json(plain, strict=True)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(str(part) for part in problem["loc"]) or "the file"
        # NaN and infinities are no JSON, so the validator speaks of syntax where Python's parser lets them pass.
        endless = problem["type"] == "finite_number" or (
            problem["type"] == "json_invalid" and re.search(r"\b(NaN|Infinity)\b", text) is not None
        )
        raise SubmissionError(
            "not-finite" if endless else "bad-schema",
            where=f"{path}, {field}",
            expected=f"the schema of {path.name}, version {SCHEMA_VERSION}",
            found="NaN or an infinity" if endless else problem["msg"],
            fix="do not edit this file by hand: evaluate again",
        ) from None


_ESCAPED = re.compile(r"\\[bfru]")  # how JSON writes control characters


class _RepeatedKeyError(ValueError):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys differ: of two equal ones a reader would see one number and a checker the other."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _RepeatedKeyError(f"{key!r} twice")
        found[key] = value
    return found


def _check_text(value: Any, path: Path) -> None:
    """No string or key anywhere with characters that do something to the page or terminal that shows it."""
    for keys, text in _strings(value):
        names = path.suffix == ".toml" and keys[:1] in (("name",), ("method",), ("authors",))
        bad = next((character for character in text if _is_unsafe(character, names)), None)
        if bad is not None:
            raise SubmissionError(
                "unsafe-text",
                where=f"{path}, {'.'.join(keys).encode('unicode_escape').decode()}",
                expected="no control or direction characters" + (", and no < or > in a name" if names else ""),
                found=f"U+{ord(bad):04X}",
                fix="leave the character out",
            )


def _is_unsafe(character: str, in_name: bool) -> bool:
    """Control, format, private and lone surrogate characters; joiners of emoji and scripts are harmless."""
    if in_name and character in "<>\n\t":
        return True
    return unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs") and character not in "\n\t\u200c\u200d"


def _strings(value: Any, keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    waiting = [(value, keys)]
    while waiting:  # no recursion: how deep a stranger nests is the stranger's choice
        one, at = waiting.pop()
        if isinstance(one, str):
            yield at, one
        elif isinstance(one, dict):
            for key, inner in one.items():
                yield (*at, "a key"), str(key)
                waiting.append((inner, (*at, str(key))))
        elif isinstance(one, list):
            waiting += [(inner, (*at, str(place))) for place, inner in enumerate(one)]


def read_submission(folder: Path, name: str | None = None) -> Submission:
    """Parse a whole submission. Raises `SubmissionError` for the first file that does not follow its schema."""
    findings = Findings()
    submission = read_what_can_be_read(folder, findings, name)
    if findings:
        raise findings[0].error()
    assert submission is not None
    return submission


def read_what_can_be_read(folder: Path, findings: Findings, name: str | None = None) -> Submission | None:
    """The submission without what is broken, which is told to `findings`; None without a `submission.toml` to read."""
    card = None
    with findings.gathered():
        card = parse(SubmissionRecord, folder / "submission.toml")
    tasks = {}
    paths = sorted(folder.glob("*/*/record.json"))
    for path in paths:
        with findings.gathered():
            result = parse(TaskResult, path)
            inside = path.parent.relative_to(folder).as_posix()
            if inside != task_folder(result.task.name):
                raise SubmissionError(
                    "wrong-folder",
                    where=str(path),
                    expected=f"the record of {inside}",
                    found=f"the record of {result.task.name}",
                    fix="put each record into the folder named after its task",
                )
            run = parse(RunRecord, path.with_name("run.json")) if path.with_name("run.json").exists() else None
            tasks[result.task.name] = TaskEntry(path.parent, result, run)
    if not paths:
        findings.add(
            SubmissionError(
                "empty",
                where=str(folder),
                expected="at least one <suite>/<task>/record.json",
                found="none",
                fix="run `xkd-bench evaluate … --output` into this folder",
            )
        )
    return None if card is None else Submission(folder, name or folder.name, card, tasks)


def read_one_task(folder: Path) -> tuple[Submission, TaskEntry]:
    """The task in `folder`: a task's folder inside a submission, or its `record.json`, or a submission that holds one.

    Raises `BadInputError` for a submission with several, naming their folders.
    """
    folder = folder.parent if folder.name == "record.json" else folder
    if (folder / "record.json").exists():
        inside = folder.resolve()
        submission = read_submission(inside.parent.parent)
        return submission, next(entry for entry in submission.tasks.values() if entry.folder == inside)
    submission = read_submission(folder)
    if len(submission.tasks) > 1:
        raise BadInputError(
            where=str(folder),
            expected="the folder of one task",
            found=f"a submission with {len(submission.tasks)} tasks",
            fix=f"choose one: {', '.join(str(entry.folder) for entry in submission.tasks.values())}",
        )
    return submission, next(iter(submission.tasks.values()))


def with_seed(name: str, seed: int) -> str:
    """Name of an entry of another seed: `ad_kd-seed1`; the first seed has none."""
    return f"{name}-seed{seed}" if seed else name


def without_seed(name: str) -> str:
    return re.sub(r"-seed\d+$", "", name)


def task_folder(task_name: str) -> str:
    """Where a task's files lie inside a submission: `glue/cola`; a task without a suite goes to `own/`."""
    return task_name if "/" in task_name else f"own/{task_name}"
