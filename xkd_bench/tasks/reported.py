"""What papers print, to stand beside what was measured: shown as *reported*, never averaged or ranked with it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from xkd_bench.errors import BadInputError
from xkd_bench.tasks.card import Strict, first_problem, read_toml
from xkd_bench.tasks.registry import builtin_folder


class ReportedResult(Strict):
    """One printed number. metric: as in our records. perturbation: None for plain inputs. doubtful: why it may be
    misread; implausible: why the number itself should not be used as a reference."""

    table: str
    task: str
    split: str
    model: str
    method: str
    role: Literal["student", "teacher"]
    metric: str
    printed: float
    percent: bool = False
    perturbation: str | None = None
    doubtful: str = ""
    implausible: str = ""

    @property
    def value(self) -> float:
        """As a ratio, whatever the paper prints."""
        return self.printed / 100 if self.percent else self.printed


class ReportedPaper(Strict):
    schema_version: Literal[1] = 1
    title: str
    citation: str
    results: tuple[ReportedResult, ...]


@cache
def reported_papers() -> dict[str, ReportedPaper]:
    """The papers whose numbers we know, by file name. Raises `BadInputError` naming file and field."""
    return {path.stem: _read(path) for path in sorted((builtin_folder() / "reported").glob("*.toml"))}


def _read(path: Path) -> ReportedPaper:
    try:
        return ReportedPaper.model_validate(read_toml(path))
    except ValidationError as error:
        field, message = first_problem(error)
        raise BadInputError(
            where=f"{path}, {field}",
            expected="a file like tasks/reported/attrit.toml",
            found=message,
            fix="mend this field",
        ) from None
