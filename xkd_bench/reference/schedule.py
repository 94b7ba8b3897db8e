"""The recipe of one training: what a suite says of it, and what that comes to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xkd_bench.distillers import registry
from xkd_bench.distillers.distill import Order, schedule_of
from xkd_bench.models.classifier import Runtime
from xkd_bench.reference.suite import MethodCard, StudentCard, TaskCard, TeacherCard, TrainingCard
from xkd_bench.tasks.registry import Task, find_task


@dataclass(frozen=True)
class Recipe:
    """Everything `distill` is asked for, but the checkpoints and the place."""

    method: str
    task: str
    seed: int
    settings: dict[str, Any]
    preset: str | None
    house_schedule: bool
    epochs: int | None
    batch_size: int | None
    learning_rate: float | None
    dtype: str
    layers: tuple[int, ...] | None
    train_rows: int | None

    def order(self, student: str, teacher: str | None, output: Path) -> Order:
        """The order for these checkpoints. The student of a method without a teacher is given none."""
        said = {name: value for name, value in asdict(self).items() if name not in ("task", "dtype", "layers")}
        layers = tuple(self.layers) if self.layers else None
        return Order(task=find_task(self.task), student=student, teacher=teacher, output=output, layers=layers, **said)

    def resolved(self) -> dict[str, Any]:
        """Settings of the method and of its training, every default filled in, as a lineage holds them."""
        order = self.order("", None, Path())
        preset = registry.preset(self.method, self.preset, order.task.card.short_name)
        settings = registry.load(self.method).read_settings({**preset.settings, **self.settings})
        schedule = schedule_of(order, preset, Runtime("cpu", "bfloat16" if self.dtype == "bfloat16" else "float32"))
        training = {name: value for name, value in asdict(schedule).items() if name != "seed"}
        return {"settings": settings.model_dump(mode="json"), "training": training}


def teacher_recipe(teacher: TeacherCard, task: Task, card: TaskCard, seed: int) -> Recipe:
    """What the teacher says of its training stands over what the suite says of the task."""
    training = teacher.training.over(card.training)
    return _recipe(teacher.method, name_of(task), seed, training, card.train_rows)


def student_recipe(method: MethodCard, student: StudentCard, task: Task, card: TaskCard, seed: int) -> Recipe:
    """What the method says of its training stands over what the student says, and that over the task's."""
    training = method.training.over(student.training).over(card.training)
    plain = _recipe(method.method, name_of(task), seed, training, card.train_rows)
    more = {"settings": dict(method.settings), "preset": method.preset, "layers": student.layers}
    return Recipe(**{**asdict(plain), **more, "house_schedule": method.schedule == "task"})


def _recipe(method: str, task: str, seed: int, training: TrainingCard, train_rows: int | None) -> Recipe:
    return Recipe(
        method=method,
        task=task,
        seed=seed,
        settings={},
        preset=None,
        house_schedule=False,
        epochs=training.epochs,
        batch_size=training.batch_size,
        learning_rate=training.learning_rate,
        dtype=training.dtype or "float32",
        layers=None,
        train_rows=train_rows,
    )


def name_of(task: Task) -> str:
    """How the task is found again: by its name, or by its file where it is none of the registry."""
    from xkd_bench.tasks.registry import all_tasks

    return task.name if all_tasks().get(task.name) == task else str(task.path)
