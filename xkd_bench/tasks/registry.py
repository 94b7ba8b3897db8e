"""Which tasks there are, and the one a name or a path means."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from xkd_bench.errors import BadInputError
from xkd_bench.plugins import installed
from xkd_bench.tasks.card import TaskCard, read_task


@dataclass(frozen=True)
class Task:
    """A task and the file it was read from (own data is named relative to that file)."""

    card: TaskCard
    path: Path

    @property
    def name(self) -> str:
        return self.card.name


@cache
def builtin_folder() -> Path:
    """Our own task files: inside an installed package, or `tasks/` of the checkout for an editable install."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "task_files", package.parent / "tasks"):
        if (folder / "glue" / "cola.toml").is_file():
            return folder
    raise BadInputError(
        where="xkd-bench's own task files",
        expected=f"{package / 'task_files'} (installed) or {package.parent / 'tasks'} (checkout)",
        found="neither",
        fix="reinstall xkd-bench",
    )


def _plugin_folders() -> list[Path]:
    """Folders of task files of other packages: an entry point of `xkd_bench.tasks` names a package with TOML in it."""
    folders = []
    for point in installed("xkd_bench.tasks").values():
        if point.module == "xkd_bench.task_files":
            continue
        spec = find_spec(point.module)
        folders += [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    return folders


NO_TASKS = {"protocols", "views", "reported", "claims"}  # folders of other files beside the suites


@cache
def all_tasks() -> dict[str, Task]:
    """Every registered task by its full name, in order of name."""
    found: dict[str, Task] = {}
    for folder in (builtin_folder(), *_plugin_folders()):
        for path in sorted(folder.rglob("*.toml")):
            if path.parent.name in NO_TASKS:
                continue
            task = Task(read_task(path), path)
            if task.name in found:
                raise BadInputError(
                    where=str(path),
                    expected=f"one task named {task.name}",
                    found=f"another in {found[task.name].path}",
                    fix="rename one of them",
                )
            found[task.name] = task
    return dict(sorted(found.items()))


def find_task(name: str) -> Task:
    """The task called `glue/cola` or `cola`, or described by a path such as `./mine.toml`."""
    if name.endswith(".toml"):
        path = Path(name).expanduser().resolve()
        return Task(read_task(path), path)
    tasks = all_tasks()
    if name in tasks:
        return tasks[name]
    short = [task for task in tasks.values() if task.card.short_name == name]
    if len(short) == 1:
        return short[0]
    spellings = [*tasks, *(task.card.short_name for task in tasks.values())]
    holding = [task for task in tasks if name.lower() in task]
    near = holding[:3] or get_close_matches(name.lower(), spellings, n=3, cutoff=0.5)
    raise BadInputError(
        where="--task",
        expected="the name of a task (`xkd-bench tasks list`) or a path to a .toml file",
        found=repr(name),
        fix=f"did you mean {' or '.join(near)}?" if near else "run `xkd-bench tasks list` and choose one",
    )
