"""From a suite to its jobs: who needs whom, in an order in which they can be run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from xkd_bench.errors import BadInputError
from xkd_bench.records.submission import with_seed
from xkd_bench.reference.graph import Graph
from xkd_bench.reference.site import Site
from xkd_bench.reference.suite import MethodCard, StudentCard, Suite, TaskCard, TeacherCard
from xkd_bench.reference.track import Course, Track
from xkd_bench.tasks.protocols import find_protocol
from xkd_bench.tasks.registry import find_task


def build_graph(suite: Suite, folder: Path, site: Site) -> Graph:
    """Every job of the suite. folder: where its relative paths start.

    Raises `BadInputError` where two jobs would write one record, or something named cannot be had.
    """
    graph = Graph(suite)
    protocol_name = _beside(folder, suite.protocol)
    protocol = find_protocol(protocol_name)
    taken: dict[tuple[str, str], str] = {}
    for card in suite.tasks:
        course = Course(suite, card, find_task(_beside(folder, card.name)), protocol, protocol_name)
        for teacher in (suite.teachers[name] for name in card.teachers):
            track = Track(graph, site, course, teacher)
            track.add_teachers()
            for name in card.students:
                for method, seed in _trainings(suite, card, name):
                    entry = _entry(method, teacher, suite.students[name], seed)
                    _claim(taken, entry, course.task.name)
                    track.add_student(method, suite.students[name], seed, entry)
            for control in suite.controls:
                if not control.tasks or card.name in control.tasks:
                    entry = "-".join([control.name, *([teacher.suffix] if teacher.suffix else [])])
                    _claim(taken, entry, course.task.name)
                    track.add_control(control, entry)
    return graph


def _trainings(suite: Suite, card: TaskCard, student: str) -> Iterator[tuple[MethodCard, int]]:
    """Methods and seeds on a task with a student, the first seed of all methods first: a run that is stopped early has
    something of each. The baseline comes first: the others wait for its student."""
    on_task = [method for method in suite.methods if not method.tasks or card.name in method.tasks]
    run = [method for method in on_task if not method.students or student in method.students]
    ordered = sorted(run, key=lambda method: method.name != suite.baseline)
    for turn in range(max((len(method.seeds) for method in ordered), default=0)):
        yield from ((method, method.seeds[turn]) for method in ordered if turn < len(method.seeds))


def _entry(method: MethodCard, teacher: TeacherCard, student: StudentCard, seed: int) -> str:
    suffixes = [suffix for suffix in (teacher.suffix, student.suffix) if suffix]
    return with_seed("-".join([method.name, *suffixes]), seed)


def _claim(taken: dict[tuple[str, str], str], entry: str, task: str) -> None:
    if (entry, task) in taken:
        raise BadInputError(
            where=f"suite, {task}",
            expected="entries with names of their own",
            found=f"two called {entry}",
            fix="give a method an entry, or a teacher or student a suffix",
        )
    taken[entry, task] = entry


def _beside(folder: Path, name: str) -> str:
    return str((folder / Path(name).expanduser()).resolve()) if name.endswith(".toml") else name
