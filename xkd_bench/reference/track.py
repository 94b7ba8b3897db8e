"""One teacher on one task, and all that is judged against it: the jobs of a track."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from xkd_bench.distillers import registry
from xkd_bench.records import canonical_json
from xkd_bench.records.submission import task_folder
from xkd_bench.reference.committed import Wanted, difference, notes, read_record
from xkd_bench.reference.costs import Meter, asked, evaluation_cost, keeping_cost, step_of, training_cost
from xkd_bench.reference.graph import Graph
from xkd_bench.reference.jobs import Job
from xkd_bench.reference.rounded import METHOD, SETTINGS
from xkd_bench.reference.schedule import Recipe, name_of, student_recipe, teacher_recipe
from xkd_bench.reference.site import Site, code_versions
from xkd_bench.reference.suite import ControlCard, MethodCard, ShapeCard, StudentCard, Suite, TaskCard, TeacherCard
from xkd_bench.tasks.protocols import Protocol
from xkd_bench.tasks.registry import Task


@cache
def _cards() -> dict[str, dict[str, Any]]:
    return registry.cards()


@dataclass(frozen=True)
class Course:
    """What all jobs on a task share."""

    suite: Suite
    card: TaskCard
    task: Task
    protocol: Protocol
    protocol_name: str

    @property
    def rows(self) -> int:
        return min(self.card.train_rows or self.card.rows.train, self.card.rows.train)


@dataclass(frozen=True)
class Judged:
    """A checkpoint whose record is wanted, and what its entry says. recipe: of its training, or of its teacher's.
    settings, training: as its lineage holds them."""

    entry: str
    label: str
    method: str
    summary: str
    made: Job
    recipe: Recipe
    shape: ShapeCard
    settings: dict[str, Any]
    training: dict[str, Any]


class Track:
    """Adds the jobs of one teacher on one task to a graph."""

    def __init__(self, graph: Graph, site: Site, course: Course, teacher: TeacherCard) -> None:
        self.graph, self.site, self.course, self.teacher = graph, site, course, teacher
        self.suite, self.task = course.suite, course.task
        self.meter = Meter(site.device, course.card.rows)
        self.asked = asked(course.protocol, course.card.rows, course.task.card.modality == "image")
        self.name = "-".join([self.task.card.short_name, *([teacher.suffix] if teacher.suffix else [])])
        self.own = {"code": code_versions(), "device": site.device}
        self.place = name_of(self.task)
        self.students: dict[tuple[str, StudentCard, int], Job] = {}

    def add_teachers(self) -> None:
        """The teacher, the retrained ones, and the tables of each."""
        self.trained = self._teacher(self.teacher.seed, "teacher")
        self.shape = self.suite.starts[self.teacher.start].shape
        self.kept = self._keep(self.name, "teacher's tables", self.trained, None)
        self.again = [
            self._keep(
                f"{self.name}-retrained-{i}",
                f"tables of retrained teacher {i}",
                self._teacher(seed, f"teacher again, seed {seed}"),
                self.kept,
            )
            for i, seed in enumerate(self.teacher.retrained, 1)
        ]

    def add_student(self, method: MethodCard, student: StudentCard, seed: int, entry: str) -> None:
        """A student, and its record."""
        recipe = student_recipe(method, student, self.task, self.course.card, seed)
        trained = self._student(method, student, recipe)
        self.students[method.name, student, seed] = trained
        card = _cards()[method.method]
        self._judge(
            Judged(
                entry,
                label=f"{method.name}, seed {seed}",
                method=method.method,
                summary=f"{card['title']}: {card['summary']}. Suite {self.suite.name}, seed {seed}.",
                made=trained,
                recipe=recipe,
                shape=self._shape_of(student),
                **recipe.resolved(),
            ),
            self.again,
            self._baseline(method, student, seed),
        )

    def add_control(self, control: ControlCard, entry: str) -> None:
        """A row that shows what can be expected: of the teacher's own copy, or of the teacher trained again."""
        if control.control == "int8":
            self._add_copy(entry, control.name)
        elif self.teacher.retrained:
            self._add_retrained(entry, control.name)

    def _add_copy(self, entry: str, label: str) -> None:
        identity, needs = {**self.own, "rounded": SETTINGS}, {"teacher": self.trained.digest}
        made = self.graph.add(Job("round", self.task.name, "int8 copy", identity, needs, {"task": self.place}))
        summary = (
            f"Control: the teacher with its weights rounded to 8 bits, trained no further. Suite {self.suite.name}."
        )
        recipe = teacher_recipe(self.teacher, self.task, self.course.card, self.teacher.seed)
        self._judge(Judged(entry, label, METHOD, summary, made, recipe, self.shape, SETTINGS, {}), self.again)

    def _add_retrained(self, entry: str, label: str) -> None:
        """The first of the retrained teachers, judged with the others."""
        seed, method = self.teacher.retrained[0], self.teacher.method
        made = self._teacher(seed, f"teacher again, seed {seed}")
        summary = f"Control: the teacher trained again with seed {seed}, from the same start. Suite {self.suite.name}."
        recipe = teacher_recipe(self.teacher, self.task, self.course.card, seed)
        self._judge(
            Judged(entry, label, method, summary, made, recipe, self.shape, **recipe.resolved()), self.again[1:]
        )

    def _judge(self, judged: Judged, again: Sequence[Job], baseline: Job | None = None) -> None:
        """The record of a checkpoint. again: retrained teachers that its ceiling comes from."""
        teachers = {"teacher": self.kept} | {f"retrained_{i}": one for i, one in enumerate(again, 1)}
        needs, identity = {"student": judged.made.digest}, dict[str, Any]()
        if baseline is not None:
            needs["baseline"] = baseline.digest
        for role, kept in teachers.items():
            pin = self._pin(kept)
            identity |= {} if pin is None else {role: pin}
            needs |= {} if pin is not None else {role: kept.digest}
        evaluated = Job(
            kind="evaluate",
            task=self.task.name,
            label=judged.label,
            identity={**self._judged(), **identity, "entry": judged.entry},
            needs=needs,
            recipe={
                "task": self.place,
                "protocol": self.course.protocol_name,
                "tables": [one.recipe["name"] for one in (self.kept, *again)],
                "answers": {
                    "name": judged.entry,
                    "method": judged.method,
                    "summary": judged.summary,
                    "authors": list(self.suite.authors),
                },
            },
            cost=evaluation_cost(self.meter, self.asked, judged.shape),
        )
        self.graph.target(evaluated)
        self._look_for_record(evaluated, judged, len(again))

    def _teacher(self, seed: int, label: str) -> Job:
        recipe = teacher_recipe(self.teacher, self.task, self.course.card, seed)
        return self._train(
            recipe, label, *self._start(self.teacher.start), None, self.suite.starts[self.teacher.start].shape
        )

    def _student(self, method: MethodCard, student: StudentCard, recipe: Recipe) -> Job:
        taught = registry.load(method.method).teacher != "none"
        if student.start == "teacher":
            identity, needs = dict[str, Any](), {"start": self.trained.digest}
        else:
            identity, needs = self._start(student.start)
        if taught:
            needs = {**needs, "teacher": self.trained.digest}
        teacher = self.shape if taught else None
        label = f"{method.name}, seed {recipe.seed}"
        return self._train(recipe, label, identity, needs, teacher, self._shape_of(student))

    def _train(
        self,
        recipe: Recipe,
        label: str,
        start: dict[str, Any],
        needs: dict[str, str],
        teacher: ShapeCard | None,
        student: ShapeCard,
    ) -> Job:
        resolved = recipe.resolved()
        layers = list(recipe.layers) if recipe.layers else None
        chosen = {"method": recipe.method, "seed": recipe.seed, "layers": layers, "train_rows": recipe.train_rows}
        identity = {**self._data("train"), **self.own, **start, **resolved, **chosen}
        step, looked_up = step_of(_cards()[recipe.method]), registry.load(recipe.method).teacher == "logits"
        cost = training_cost(self.meter, resolved["training"], self.course.rows, student, teacher, step, looked_up)
        return self.graph.add(
            Job("train", self.task.name, label, identity, needs, {"recipe": {**asdict(recipe), "layers": layers}}, cost)
        )

    def _start(self, name: str) -> tuple[dict[str, Any], dict[str, str]]:
        """What a training depends on by where it starts: a checkpoint, or the job that makes one."""
        start = self.suite.starts[name]
        made = start.config is not None or start.demo
        if made:
            of_task = {"labels": list(self.task.card.labels), "demo": self.task.name if start.demo else None}
            identity = {"config": start.config, "image": start.image, **of_task, **self.own}
            job = Job("start", self.task.name, name, identity, {}, {"task": self.place})
            return {}, {"start": self.graph.add(job).digest}
        location = self.site.location(start)
        checkpoint = self.site.checkpoint(location) if location else None
        if checkpoint is None:
            return {"start": {"named": start.hub or start.encoder}}, {}
        self.graph.locations[checkpoint] = str(location)
        return {"start": {"checkpoint": checkpoint}}, {}

    def _keep(self, name: str, label: str, trained: Job, teacher: Job | None) -> Job:
        """The tables of a teacher: a target, since everyone is judged with them. teacher: of a retrained one."""
        needs, identity = {"checkpoint": trained.digest}, {**self._judged(), "tables": name}
        if teacher is not None:
            pin = self._pin(teacher)
            identity |= {} if pin is None else {"teacher": pin}
            needs |= {} if pin is not None else {"teacher": teacher.digest}
        job = Job(
            "keep",
            self.task.name,
            label,
            identity,
            needs,
            {"task": self.place, "name": name, "protocol": self.course.protocol_name, "teacher": self.name},
            keeping_cost(self.meter, self.asked, self.shape, teacher is not None),
        )
        self.graph.target(job)
        if self.site.kept(name) is not None:
            self.graph.committed[job.digest] = ()
        return job

    def _pin(self, kept: Job) -> str | None:
        """The checkpoint of tables that others kept; None for those that are, or will be, of this job."""
        pin, done = self.site.kept(kept.recipe["name"]), self.site.ledger.done(kept.digest)
        return None if done is not None and done.get("checkpoint") == pin else pin

    def _judged(self) -> dict[str, Any]:
        protocol = canonical_json.content_hash(self.course.protocol.model_dump(mode="json"))
        return {**self._data("evaluation"), **self.own, "protocol": protocol}

    def _data(self, role: Any) -> dict[str, Any]:
        """What of the task a result depends on: its rows, and how they are read."""
        card = self.task.card
        read = card.model_dump(mode="json", include={"name", "kind", "modality", "labels", "inputs", "label_changing"})
        return {"task": read, "data": self.site.fingerprint(self.task, role)}

    def _shape_of(self, student: StudentCard) -> ShapeCard:
        shape = self.shape if student.start == "teacher" else self.suite.starts[student.start].shape
        return shape.model_copy(update={"blocks": len(student.layers)}) if student.layers else shape

    def _baseline(self, method: MethodCard, student: StudentCard, seed: int) -> Job | None:
        """The baseline's student of this seed, else of its first one; none for the baseline itself."""
        name = self.suite.baseline
        if name is None or name == method.name:
            return None
        seeds = {at[2]: job for at, job in self.students.items() if at[:2] == (name, student)}
        return seeds.get(seed) or next(iter(seeds.values()), None)

    def _look_for_record(self, evaluated: Job, judged: Judged, again: int) -> None:
        """A record in the place of this one counts as it, or stands in its way."""
        folder = self.site.output / judged.entry / task_folder(self.task.name)
        record = read_record(folder)
        if record is None:
            return
        done = self.site.ledger.done(self.kept.digest) or {}
        teacher = self.site.kept(self.name) or done.get("checkpoint")
        wanted = Wanted(
            task=self.task.name,
            data=evaluated.identity["data"],
            protocol=evaluated.identity["protocol"],
            teacher=str(teacher),
            train_data=self.trained.identity["data"],
            seed=judged.recipe.seed,
            method=judged.method,
            layers=judged.recipe.layers,
            rows=judged.recipe.train_rows,
            settings=judged.settings,
            training=judged.training,
            retrained=again,
        )
        other = difference(record, wanted)
        if other:
            self.graph.conflicts[evaluated.digest] = f"{folder}: {other}"
        else:
            self.graph.committed[evaluated.digest] = notes(record, wanted)
