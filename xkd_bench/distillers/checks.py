"""What must hold of every method, ours and other people's, tried on a small teacher and student made on the spot."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from xkd_bench.distillers import registry
from xkd_bench.distillers.contract import Distiller
from xkd_bench.distillers.lesson import Lesson, Moment, make_pair, make_pairing
from xkd_bench.distillers.student import Start, make_start
from xkd_bench.distillers.training import Schedule, TrainingRows, collate
from xkd_bench.errors import BadInputError
from xkd_bench.models.checkpoint import open_checkpoint
from xkd_bench.models.encoding import EncodedRows
from xkd_bench.models.starts import write_start
from xkd_bench.models.trace import prepare
from xkd_bench.plugins import Promise, card, check_card, find
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.registry import Task, find_task

TASKS = ("demo/grammar", "demo/digits")
ROWS, UPDATES = 6, 100
CARD = ("title", "summary", "formula", "needs", "cost", "citation", "settings", "presets")


def check_distiller(name: str) -> Iterator[Promise]:
    """Promises in the order of a first run: card, settings, construction, then a batch of every stage."""
    told = card(find(registry.GROUP, name))
    yield check_card(told, CARD)
    method = registry.load(name)
    yield _settings(method, told)
    yield _presets(name, method, told)
    with tempfile.TemporaryDirectory() as folder:
        for task in TASKS:
            yield from _on_task(name, method, find_task(task), Path(folder))


def _settings(method: type[Distiller], told: Mapping[str, Any]) -> Promise:
    fields, documented = set(method.settings_type.model_fields), set(told.get("settings", {}))
    what = "the card explains every setting and no other"
    if fields != documented:
        return Promise(what, False, f"settings {sorted(fields)}, card {sorted(documented)}")
    try:
        method.read_settings({"no such setting": 1})
    except BadInputError:
        return Promise(what, True)
    return Promise(what, False, "a setting that does not exist is taken")


def _presets(name: str, method: type[Distiller], told: Mapping[str, Any]) -> Promise:
    what = "presets are settings and schedules that can be read"
    for preset, parts in told.get("presets", {}).items():
        for task in parts.get("tasks", {"": {}}):
            try:
                found = registry.preset(name, preset, task)
                method.read_settings(found.settings)
                Schedule(**{"epochs": 1, "batch_size": 32, "learning_rate": 5e-5, **found.training})
            except (BadInputError, TypeError) as error:
                return Promise(what, False, f"{preset} {task}: {error}")
    return Promise(what, True)


@dataclass(frozen=True)
class _Trial:
    """A lesson of a method on a task, and a batch of it."""

    lesson: Lesson
    batch: dict[str, Any]
    teacher: Any

    def terms(self, update: int, batch: dict[str, Any] | None = None) -> dict[str, Tensor]:
        found, _ = self.lesson(batch or self.batch, Moment(update, 0.0, 3))
        assert isinstance(found, dict)
        return found

    @property
    def stage_starts(self) -> list[int]:
        return [0, *self.lesson.stage_ends.tolist()[:-1]]


def _on_task(name: str, method: type[Distiller], task: Task, folder: Path) -> Iterator[Promise]:
    where = f" on {task.name}"
    try:
        trial = _trial(method, task, folder)
    except BadInputError as error:
        yield Promise(f"it can be made{where}, or says why not", True, f"not made: {error.found}")
        return
    yield Promise(f"it can be made{where}, or says why not", True)
    for what, test in _TESTS.items():
        try:
            problem = test(trial)
        except Exception as error:  # a plugin's code can raise anything; the promise's note says what
            problem = f"{type(error).__name__}: {error}"
        yield Promise(what + where, problem is None, problem or "")


def _trial(method: type[Distiller], task: Task, folder: Path) -> _Trial:
    place = folder / task.card.short_name
    if not place.exists():
        write_start(place, task.card, width=64)
    teacher, student = _start(place, task, None, 0.1), _start(place, task, (2, 4), 0.05)
    torch.manual_seed(0)
    distiller = method(task.card, {}, make_pairing(student, teacher))
    teacher.model.requires_grad_(False)
    for model in (student.model, teacher.model):
        prepare(model, distiller.watch)
    examples = load(task, "train", None).take(list(range(ROWS)))
    encoded = EncodedRows(student.encoder, examples.inputs)
    rows = TrainingRows(encoded, np.asarray(examples.labels), encoded.lengths, None)
    batch = collate([rows[i] for i in range(ROWS)], 0, task.card.kind == "regression")
    with torch.no_grad():
        inputs = {key: value for key, value in batch.items() if key not in ("labels", "position")}
        logits = teacher.model(**inputs).logits
    return _Trial(
        Lesson(distiller, make_pair(student, teacher), UPDATES, 0, False, logits).eval(), batch, teacher.model
    )


def _start(place: Path, task: Task, layers: tuple[int, ...] | None, spread: float) -> Start:
    """A start whose weights are drawn widely enough for every part to matter."""
    start = make_start(open_checkpoint(str(place)), task.card, layers, 0)
    for parameter in start.model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=spread)
    start.model.eval()
    return start


def _terms_are_scalars(trial: _Trial) -> str | None:
    for update in trial.stage_starts:
        for name, term in trial.terms(update).items():
            if not name.isidentifier() or name in ("loss", "update", "stage"):
                return f"{name!r} is no name for a term"
            if not isinstance(term, Tensor) or term.dim() or not torch.isfinite(term):
                return f"{name} is {term!r}"
    return None


def _terms_repeat(trial: _Trial) -> str | None:
    before = torch.get_rng_state()
    for update in trial.stage_starts:
        one, other = trial.terms(update), trial.terms(update)
        for name in one:
            if not torch.equal(one[name], other[name]):
                return f"{name}: {float(one[name].detach())!r}, then {float(other[name].detach())!r}"
    return None if torch.equal(before, torch.get_rng_state()) else "torch's global generator was used"


def _student_learns(trial: _Trial) -> str | None:
    for update in trial.stage_starts:
        trial.lesson.zero_grad()
        torch.autograd.backward(torch.stack(list(trial.terms(update).values())).sum())
        gradients = [p.grad for p in trial.lesson.student.parameters() if p.grad is not None]
        if not any(float(one.abs().max()) > 0 for one in gradients):
            return f"no gradient in stage {trial.lesson.stage(update).name}"
        if not all(torch.isfinite(one).all() for one in gradients):
            return f"a gradient that is no number in stage {trial.lesson.stage(update).name}"
    return None


def _teacher_stays(trial: _Trial) -> str | None:
    before = copy.deepcopy(trial.teacher.state_dict())
    torch.autograd.backward(torch.stack(list(trial.terms(0).values())).sum())
    if any(parameter.grad is not None for parameter in trial.teacher.parameters()):
        return "its weights got a gradient"
    same = all(torch.equal(before[name], value) for name, value in trial.teacher.state_dict().items())
    return None if same and not trial.teacher.training else "its weights or its mode changed"


def _padding_is_nothing(trial: _Trial) -> str | None:
    if "input_ids" not in trial.batch:
        return None
    longer = {
        name: torch.nn.functional.pad(value, (0, 7)) if value.dim() == 2 else value
        for name, value in trial.batch.items()
    }
    for update in trial.stage_starts:
        one, other = trial.terms(update), trial.terms(update, longer)
        for name in one:
            if not torch.isclose(one[name], other[name], rtol=1e-3, atol=1e-6):
                return f"{name}: {float(one[name].detach()):g}, with padding {float(other[name].detach()):g}"
    return None


def _stages_add_up(trial: _Trial) -> str | None:
    shares = [stage.share for stage in trial.lesson.distiller.stages()]
    return None if abs(sum(shares) - 1) < 1e-9 else f"their shares add up to {sum(shares)}"


def _explainers_are_known(trial: _Trial) -> str | None:
    from xkd_bench.explainers.registry import cards

    unknown = set(trial.lesson.distiller.declares().explainers) - set(cards())
    return f"{sorted(unknown)} are no explainers" if unknown else None


_TESTS: dict[str, Callable[[_Trial], str | None]] = {
    "its stages share out all updates": _stages_add_up,
    "its terms are named, finite scalars": _terms_are_scalars,
    "the same batch gives the same terms, without the global generator": _terms_repeat,
    "padding changes no term": _padding_is_nothing,
    "the student gets a gradient in every stage": _student_learns,
    "the teacher gets none and stays as it is": _teacher_stays,
    "what it declares to train on are explainers": _explainers_are_known,
}
