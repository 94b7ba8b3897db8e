"""A suite file: teachers × students × methods × tasks × seeds under one protocol, one TOML."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from xkd_bench.errors import BadInputError
from xkd_bench.records.submission import CONTROL
from xkd_bench.tasks.card import Strict, first_problem, read_toml

Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Seed = Annotated[int, Field(ge=0)]
SUITES = Path(__file__).parent / "suites"


class ShapeCard(Strict):
    """Size of a model, for predictions of cost where it cannot be looked at. embeddings: parameters outside blocks."""

    blocks: Annotated[int, Field(ge=1)]
    width: Annotated[int, Field(ge=1)]
    embeddings: Annotated[int, Field(ge=0)] = 0


class StartCard(Strict):
    """Where a model starts: exactly one of these.

    encoder: the folder given as `--encoder`, else `folder` inside the installed package. hub: an id, with @revision
    where one is known. config: an untrained model of `model_type` and sizes, with an image processor of `image`.
    demo: the small untrained model of a demo task.
    """

    encoder: str | None = None
    folder: str = "."
    hub: str | None = None
    config: dict[str, Any] | None = None
    image: dict[str, Any] = Field(default_factory=dict)
    demo: bool = False
    shape: ShapeCard

    @model_validator(mode="after")
    def _one_source(self) -> StartCard:
        given = [self.encoder is not None, self.hub is not None, self.config is not None, self.demo]
        if sum(given) != 1:
            raise ValueError("a start is exactly one of encoder, hub, config and demo")
        if self.config is not None and "model_type" not in self.config:
            raise ValueError("config needs a model_type, such as 'vit'")
        return self


class TrainingCard(Strict):
    """What differs from the task's own schedule. dtype: bfloat16 trains under autocast."""

    epochs: Annotated[int, Field(ge=1)] | None = None
    batch_size: Annotated[int, Field(ge=1)] | None = None
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    dtype: Literal["float32", "bfloat16"] | None = None

    def over(self, other: TrainingCard) -> TrainingCard:
        """These values, and those of `other` where there are none here."""
        return other.model_copy(update=self.model_dump(exclude_none=True))


class TeacherCard(Strict):
    """A teacher, trained by `method` on the labels; retrained: seeds of the ones that give the ceiling. suffix: added
    to the names of its entries and of its tables, where one task has several teachers or a committed one."""

    start: Word
    method: Word = "finetune"
    seed: Seed = 0
    retrained: tuple[Seed, ...] = ()
    training: TrainingCard = TrainingCard()
    suffix: Word | None = None

    @model_validator(mode="after")
    def _seeds_differ(self) -> TeacherCard:
        if len({self.seed, *self.retrained}) != 1 + len(self.retrained):
            raise ValueError("retrained teachers need seeds of their own")
        return self


class StudentCard(Strict):
    """Where students start: `teacher`, of which `layers` (counted from 1) are kept, or a start. suffix: as above."""

    start: Word = "teacher"
    layers: tuple[Annotated[int, Field(ge=1)], ...] | None = None
    training: TrainingCard = TrainingCard()
    suffix: Word | None = None


class RowsCard(Strict):
    """What is known of the task's data without it: rows of both splits, and means over the evaluation split: tokens
    (with [CLS] and [SEP]) and units (words or patches) of an example."""

    train: Annotated[int, Field(ge=1)]
    evaluation: Annotated[int, Field(ge=1)]
    tokens: Annotated[float, Field(gt=0)]
    units: Annotated[float, Field(gt=0)]


class TaskCard(Strict):
    """A task of the suite: its name (or a .toml beside the suite), who teaches, who learns, on how many rows. training:
    of all on this task, where teacher, student or method says nothing else."""

    name: Annotated[str, Field(min_length=1)]
    teachers: Annotated[tuple[Word, ...], Field(min_length=1)]
    students: Annotated[tuple[Word, ...], Field(min_length=1)]
    rows: RowsCard
    train_rows: Annotated[int, Field(ge=1)] | None = None
    training: TrainingCard = TrainingCard()


class MethodCard(Strict):
    """A method and how it is run. entry: name of the submission where it is not the method's; tasks, students: those it
    is run on and with, all where left out; schedule: whose epochs, batch and rate where a preset has its own."""

    method: Word
    entry: Word | None = None
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)] = (0,)
    tasks: tuple[str, ...] = ()
    students: tuple[Word, ...] = ()
    preset: str | None = None
    schedule: Literal["preset", "task"] = "task"
    settings: dict[str, Any] = Field(default_factory=dict)
    training: TrainingCard = TrainingCard()

    @property
    def name(self) -> str:
        return self.entry or self.method


class ControlCard(Strict):
    """A row beside those of the methods. control: `int8`, the teacher's copy with weights of 8 bits; `retrained`, the
    first of the retrained teachers, judged with the others. tasks: all where left out."""

    control: Literal["int8", "retrained"]
    tasks: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return CONTROL + self.control


class Suite(Strict):
    """A whole suite. protocol: a name, or a .toml beside the suite. baseline: name of the method over whose student,
    of the same seed or its first, the others' gains are told."""

    schema_version: Literal[1] = 1
    name: Word
    title: str
    summary: str
    protocol: str = "quick"
    baseline: str | None = None
    authors: tuple[str, ...] = ()
    starts: dict[Word, StartCard]
    teachers: dict[Word, TeacherCard]
    students: dict[Word, StudentCard]
    tasks: Annotated[tuple[TaskCard, ...], Field(min_length=1)]
    methods: Annotated[tuple[MethodCard, ...], Field(min_length=1)]
    controls: tuple[ControlCard, ...] = ()

    @model_validator(mode="after")
    def _names_are_known(self) -> Suite:
        _known("teachers", (card.start for card in self.teachers.values()), {*self.starts})
        _known("students", (card.start for card in self.students.values()), {*self.starts, "teacher"})
        _known("tasks", (name for task in self.tasks for name in task.teachers), {*self.teachers})
        _known("tasks", (name for task in self.tasks for name in task.students), {*self.students})
        names = {task.name for task in self.tasks}
        _known("methods", (name for method in self.methods for name in method.tasks), names)
        _known("methods", (name for method in self.methods for name in method.students), {*self.students})
        _known("controls", (name for control in self.controls for name in control.tasks), names)
        if self.baseline is not None:
            _known("baseline", [self.baseline], {method.name for method in self.methods})
        if len(names) != len(self.tasks):
            raise ValueError("tasks names a task twice")
        if "teacher" in self.starts:
            raise ValueError("starts: the name 'teacher' stands for the teacher of the task")
        return self

    def on(self, tasks: Iterable[str]) -> Suite:
        """The suite on these of its tasks, named whole or by their last part; on all where none is named.

        Raises `BadInputError` for a task that is none of the suite's.
        """
        asked = {name: {task for task in self.tasks if name in (task.name, task.name.split("/")[-1])} for name in tasks}
        if strange := [name for name, found in asked.items() if not found]:
            raise BadInputError(
                where="--task",
                expected=f"some of the tasks of {self.name}: {', '.join(task.name for task in self.tasks)}",
                found=", ".join(strange),
                fix="name those of the suite",
            )
        chosen = set().union(*asked.values()) if asked else set(self.tasks)
        return self.model_copy(update={"tasks": tuple(task for task in self.tasks if task in chosen)})


def _known(where: str, named: Iterable[str], known: set[str]) -> None:
    if unknown := sorted(set(named) - known):
        raise ValueError(f"{where} names {', '.join(unknown)}, and there is only {', '.join(sorted(known))}")


def suite_names() -> list[str]:
    """The suites that come with the package."""
    return sorted(path.stem for path in SUITES.glob("*.toml"))


def read_suite(name: str, tasks: Iterable[str] = ()) -> tuple[Suite, Path]:
    """A suite by its name or as a .toml, on some of its tasks or on all, and the folder that its relative paths start
    from.

    Raises `BadInputError` naming file and field.
    """
    path = Path(name).expanduser() if name.endswith(".toml") else SUITES / f"{name}.toml"
    if not name.endswith(".toml") and not path.is_file():
        raise BadInputError(
            where="SUITE",
            expected=f"one of {', '.join(suite_names())}, or a .toml file",
            found=repr(name),
            fix="choose one, or write a suite like xkd_bench/reference/suites/demo.toml",
        )
    try:
        return Suite.model_validate(read_toml(path)).on(tasks), path.resolve().parent
    except ValidationError as error:
        field, message = first_problem(error)
        raise BadInputError(
            where=f"{path}, {field}",
            expected="a suite like xkd_bench/reference/suites/demo.toml",
            found=message,
            fix="mend this field",
        ) from None
