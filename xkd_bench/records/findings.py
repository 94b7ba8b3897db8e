"""What can be wrong with a submission: one shape for the command line, CI and the site, each kind with a code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from xkd_bench.errors import BadInputError

# Code → what it says. A script may rely on a code; its meaning never changes.
CODES: dict[str, str] = {
    # the folder
    "no-folder": "there is no such folder",
    "empty": "the folder holds no record",
    "odd-name": "a folder's name that no path or link can hold safely",
    "odd-file": "a file or folder that is no part of a submission",
    "link": "a symbolic link, which could lead out of the folder",
    "missing-file": "a file the record speaks of is not there",
    "too-large": "a file is larger than its kind may be",
    "too-much": "the files together are larger than a submission may be",
    # submission.toml, record.json, run.json
    "not-utf8": "a text file is not UTF-8",
    "bad-syntax": "a text file is no valid TOML or JSON",
    "repeated-key": "a JSON object has a key twice",
    "newer-schema": "a newer version wrote the file",
    "bad-schema": "a field is missing, unknown or of another kind",
    "not-finite": "a number is NaN or infinite",
    "unsafe-text": "text with characters that mark up a page, steer a terminal or turn the reading direction",
    # the record against the registry
    "wrong-folder": "the record lies in another task's folder",
    "wrong-file": "the record names a table of another name",
    "other-task": "the task is not the one of this name in the registry",
    "other-data": "the rows are not the official ones of the split",
    "other-protocol": "the protocol is not this version's",
    "wrong-track": "the track is not that of this data, teacher and protocol",
    "other-answers": "the teacher's answers are not those of the reference teacher with this hash",
    # the tables
    "wrong-hash": "a table is not the one the record was made from",
    "bad-table": "a table cannot be read",
    "odd-column": "a table holds a column that is none of its own",
    "too-many-values": "a table unpacks to more than it may",
    "repeated-id": "an example is there twice",
    "other-ids": "a table speaks of examples that are not the record's",
    "bad-label": "a label that the task does not have",
    # the numbers
    "score-missing": "a score that the tables give is not in the record",
    "score-unknown": "a score in the record that the tables do not give",
    "score-differs": "a score is not what the tables give",
    "gate-differs": "whether a model is valid is not what the tables give",
    "part-differs": "a number beside the scores is not what the tables give",
    "cannot-derive": "no scores can be derived from the tables",
}


class SubmissionError(BadInputError):
    """One thing that is wrong with a submission; `code` is one of `CODES`."""

    def __init__(self, code: str, *, where: str, expected: str, found: str, fix: str) -> None:
        if code not in CODES:
            raise ValueError(f"expected a code of a finding, found {code!r}")
        self.code = code
        super().__init__(expected=expected, found=found, fix=fix, where=where)

    def __str__(self) -> str:
        first, *rest = super().__str__().splitlines()
        return "\n".join([f"{first} {self.code}", *rest])


@dataclass(frozen=True)
class Finding:
    """What is wrong where: `where` is a path, with the field after it where there is one."""

    code: str
    where: str
    expected: str
    found: str
    fix: str

    def error(self) -> SubmissionError:
        return SubmissionError(self.code, where=self.where, expected=self.expected, found=self.found, fix=self.fix)


class Findings(list[Finding]):
    """Findings of one submission, in the order they were made."""

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Keep the finding that ends the block early."""
        try:
            yield
        except SubmissionError as error:
            self.add(error)

    def add(self, error: SubmissionError) -> None:
        self.append(Finding(error.code, error.where or "", error.expected, error.found, error.fix))
