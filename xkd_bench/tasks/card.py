"""The schema of a task file: one TOML that says where the data is, what it means and how it is scored."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from xkd_bench.errors import BadInputError

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*(/[a-z0-9][a-z0-9_]*)?$")]
Fingerprint = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Columns = Annotated[tuple[str, ...], Field(min_length=1)]


class Strict(BaseModel):
    """A part of a file we read: unknown fields are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnCard(Strict):
    """Which columns make an example. Several columns of one text are joined by a space; `a.b` reaches into a struct.

    id: columns whose values, joined by `-`, name an example. Left out, the row number in the file is the id, which is
    only safe where the file never changes order: the fingerprint then pins it. pairs: a column that holds the id of the
    example that makes a minimal pair with this one, or nothing.
    """

    id: tuple[str, ...] = ()
    text: Columns | None = None
    text_pair: Columns | None = None
    image: str | None = None
    label: str = "label"
    cluster: tuple[str, ...] = ()
    pairs: str | None = None


class DataCard(Strict):
    """Where the rows are: on the hub (or a folder in its layout), in the user's own files, or made by a generator.

    train, evaluation: split names of the hub or the generator, or file names relative to the task file.
    fingerprints: split name → fingerprint of the official rows. Data that differs from a pin is refused.
    """

    source: Literal["hub", "files", "generator"]
    hub: str | None = None
    config: str | None = None
    revision: str | None = None
    generator: Literal["grammar", "digits"] | None = None
    train: str | None = None
    evaluation: str
    columns: ColumnCard
    fingerprints: dict[str, Fingerprint] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _source_is_complete(self) -> DataCard:
        if self.source == "hub" and not self.hub:
            raise ValueError("source = 'hub' needs the hub id of the dataset: hub = 'owner/name'")
        if self.source == "generator" and not self.generator:
            raise ValueError("source = 'generator' needs generator = 'grammar' or 'digits'")
        return self


class SliceCard(Strict):
    """A part of the evaluation split that gets every score too: rows whose `column` is in [at_least, below)."""

    title: str
    column: str
    at_least: float | None = None
    below: float | None = None
    equals: str | None = None


class InputCard(Strict):
    """How an example is cut to a model's window. `truncate` names what gives way when the text is too long."""

    max_length: Annotated[int, Field(ge=4, le=8192)] = 128
    truncate: Literal["longest_first", "only_first", "only_second"] = "longest_first"


class TrainingCard(Strict):
    """The house protocol's schedule on this task: the same for every method, so that rows are comparable."""

    epochs: Annotated[int, Field(ge=1)] = 3
    batch_size: Annotated[int, Field(ge=1)] = 32
    learning_rate: Annotated[float, Field(gt=0)] = 5e-5


class TaskCard(Strict):
    """One task. `name` is `suite/task` as in the tree; `labels` are in canonical order (none for regression).

    label_changing: perturbations that can change the true label of an example.
    """

    schema_version: Literal[1] = 1
    name: Name
    title: str
    summary: str
    kind: Literal["classification", "regression"] = "classification"
    modality: Literal["text", "pair", "image"]
    labels: tuple[str, ...] = ()
    label_aliases: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    headline: str
    beside: tuple[str, ...] = ()
    ranked: bool = True
    ranked_note: str = ""
    licence: str
    redistributable: bool = False
    citation: str
    data: DataCard
    inputs: InputCard = InputCard()
    training: TrainingCard = TrainingCard()
    slices: dict[str, SliceCard] = Field(default_factory=dict)
    label_changing: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _parts_agree(self) -> TaskCard:
        if self.kind == "classification" and len(self.labels) < 2:
            raise ValueError("a classification needs at least two names in labels")
        if self.kind == "regression" and self.labels:
            raise ValueError("a regression has no labels")
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels holds a name twice")
        if unknown := set(self.label_aliases) - set(self.labels):
            raise ValueError(f"label_aliases names labels that do not exist: {sorted(unknown)}")
        columns = self.data.columns
        wanted = {"text": columns.text, "pair": columns.text and columns.text_pair, "image": columns.image}
        if not wanted[self.modality]:
            raise ValueError(f"modality = {self.modality!r} needs its columns in [data.columns]")
        return self

    @property
    def short_name(self) -> str:
        return self.name.rsplit("/", 1)[-1]

    @property
    def classes(self) -> int:
        """Width of a fitting model's head: the number of labels, 1 for a regression."""
        return len(self.labels) if self.kind == "classification" else 1


def read_toml(path: Path) -> dict[str, Any]:
    """The contents of a TOML file, or one clear error for a missing or malformed one."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInputError(
            where=str(path), expected="a TOML file", found="no such file", fix="check the path"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, OSError) as error:
        raise BadInputError(
            where=str(path), expected="valid TOML in UTF-8", found=str(error), fix="mend the file"
        ) from None


def first_problem(error: ValidationError) -> tuple[str, str]:
    """Field and message of the first thing pydantic found wrong."""
    problem = error.errors()[0]
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        message = "a field that does not exist"
    return ".".join(str(part) for part in problem["loc"]) or "the file", message


def read_task(path: Path) -> TaskCard:
    """Parse a task file. Raises `BadInputError` naming file and field."""
    try:
        return TaskCard.model_validate(read_toml(path))
    except ValidationError as error:
        field, message = first_problem(error)
        raise BadInputError(
            where=f"{path}, {field}",
            expected="a task file as the README's 'Your own data' shows",
            found=message,
            fix="mend this field",
        ) from None
