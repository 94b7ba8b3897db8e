"""Views: tables over several tasks, such as GLUE's mean. One TOML in `views/` beside the suites."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from xkd_bench.errors import BadInputError
from xkd_bench.tasks.card import Name, Strict, first_problem, read_toml
from xkd_bench.tasks.registry import builtin_folder

Member = Annotated[tuple[Name, ...], Field(min_length=1)]


class ViewCard(Strict):
    """A mean of headline scores over `members`. A member of several tasks is their mean, and counts once."""

    schema_version: Literal[1] = 1
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")]
    title: str
    summary: str
    members: Annotated[tuple[Member, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _tasks_are_distinct(self) -> ViewCard:
        tasks = [task for member in self.members for task in member]
        if twice := sorted({task for task in tasks if tasks.count(task) > 1}):
            raise ValueError(f"members names a task twice: {', '.join(twice)}")
        return self


def read_view(path: Path) -> ViewCard:
    """Parse a view file. Raises `BadInputError` naming file and field."""
    try:
        return ViewCard.model_validate(read_toml(path))
    except ValidationError as error:
        field, message = first_problem(error)
        raise BadInputError(
            where=f"{path}, {field}",
            expected="a view file like tasks/views/glue.toml",
            found=message,
            fix="mend this field",
        ) from None


def read_views(folder: Path | None = None) -> tuple[ViewCard, ...]:
    """The views in `folder`, in order of file name; our own where none is given."""
    folder = folder or builtin_folder() / "views"
    return tuple(read_view(path) for path in sorted(folder.glob("*.toml")))
