"""`xkd_bench.evaluate`: how good is the student, and how far does it agree with its teacher?"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from xkd_bench.api.arguments import Place, at_least, optional_path, optional_text
from xkd_bench.api.frames import Kind, frame, metric_part_model
from xkd_bench.api.shown import ShowsItself
from xkd_bench.records.schema import RunRecord, ScoreRecord, TaskResult
from xkd_bench.records.submission import read_one_task
from xkd_bench.tasks.registry import Task, find_task

if TYPE_CHECKING:
    from pandas import DataFrame

    from xkd_bench.engine.request import Request
    from xkd_bench.terminal.tables import Shown

Score = ScoreRecord
SCORES: dict[str, Kind] = {
    "score": "text",
    "metric": "text",
    "part": "text",
    "model": "text",
    "value": "number",
    "low": "number",
    "high": "number",
    "n": "count",
    "status": "text",
    "reason": "text",
}


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(ShowsItself):
    """One student on one task.

    record: the content of `record.json`. run: of `run.json`, what the run cost. folder: where both lie with the tables
    beside them, a task's folder inside a submission; without an `output` a temporary one that is deleted with this
    object. task: its card and the file it was read from.
    """

    record: TaskResult
    run: RunRecord | None
    folder: Path
    task: Task

    @classmethod
    def read(cls, folder: Place, *, task: Place | None = None) -> Evaluation:
        """The evaluation in a submission of one task, or in a task's folder inside one; no model is run.

        task: a .toml of your own, where the record is of a task that is not installed. Raises `BadInputError`.
        """
        found = read_one_task(Path(folder))[1]
        named = os.fspath(task) if task is not None else found.result.task.name
        return cls(found.result, found.run, found.folder, find_task(named))

    @property
    def scores(self) -> Mapping[str, Score]:
        """Every score by its name in the record: `mcc`, `teacher.mcc`, `centred_cosine.lime`. Each has value, low and
        high (95 %), n, status and reason."""
        return MappingProxyType(self.record.scores)

    def to_pandas(self, *, slices: bool = False) -> DataFrame:
        """One row a score: score, metric, part, model (see `frames.metric_part_model`), value, low and high (its 95 %
        interval; NaN where there is none), n, status, reason.

        slices: also the scores of each slice of the examples, named `slice.NAME.METRIC`, with the slice for their part.
        """
        rows = [(name, *metric_part_model(name), *_numbers(score)) for name, score in self.record.scores.items()]
        for part, scores in self.record.slices.items() if slices else ():
            for name, score in scores.items():
                metric, of, model = metric_part_model(name)
                rows.append((f"slice.{part}.{name}", metric, f"{part}.{of}" if of else part, model, *_numbers(score)))
        return frame(SCORES, rows)

    def examples(self) -> DataFrame:
        """One row an example: example_id, label, student and, with a teacher, teacher: the names of the classes that
        they answer, or the values of a regression."""
        from xkd_bench.api.examples import answers

        return answers(self.record, self.folder)

    def explanations(self, *, words: bool = False, data_root: Place | None = None) -> DataFrame:
        """One row an explained example, explainer and unit, with both models' scores; see `api.examples.attributions`.

        words: a column with the word that a unit is, which is read from the task's data (data_root: as in `evaluate`);
        a record holds none. Raises `BadInputError` where nothing was explained, or where those data are not at hand.
        """
        from xkd_bench.api.examples import attributions, words_of

        known = words_of(self.record, self.task, optional_path(data_root)) if words else None
        return attributions(self.record, self.folder, known)

    def __fspath__(self) -> str:
        return str(self.folder)

    def __repr__(self) -> str:
        task, told = self.record.task, []
        for name in dict.fromkeys((task.headline, "kappa", "teacher_student_spearman")):
            score = self.record.scores.get(name)
            if score is not None and score.value is not None:
                around = "" if score.low is None or score.high is None else f" [{score.low:.3f}, {score.high:.3f}]"
                told.append(f"{name} {score.value:.3f}{around}")
        return f"<Evaluation of {task.name!r}, {self.record.protocol.name}, n {task.rows}: {', '.join(told) or 'none'}>"

    def _view(self) -> list[Shown]:
        from xkd_bench.terminal.score_table import evaluation_view

        return evaluation_view(self.record, self.run, self.task.card)


def evaluate(
    student: Place,
    *,
    task: Place | None = None,
    teacher: Place | None = None,
    output: Place | None = None,
    retrained_teachers: Sequence[Place] = (),
    baseline: Place | None = None,
    explanations: bool = True,
    perturbations: bool = True,
    protocol: Place = "quick",
    data_root: Place | None = None,
    store: Place | None = None,
    device: str = "auto",
    dtype: str = "float32",
    token_budget: int | None = None,
    timing: bool | None = None,
) -> Evaluation:
    """Judge a student on a task, against its teacher: `xkd-bench evaluate` with the same options and defaults.

    student, teacher, retrained_teachers, baseline: model folders, hub ids, or what `distill` gave. task: a task's name,
    or a .toml of your own; task and teacher default to what `distill` wrote beside the weights. output: the
    submission's folder that the record is written into, byte for byte the command's. explanations: compare the models'
    reasons too, which takes most of the time. perturbations: ask both models about perturbed inputs. protocol: quick,
    standard, paper, or a .toml. data_root: a folder in the hub's layout. store: where measurements are kept. device:
    auto, cpu or cuda. dtype: float32 or bfloat16. token_budget: tokens in one batch, 8 or more; changes the speed
    alone. timing: time both models side by side; None: only if the teacher runs anyway.

    Progress goes to standard error. What was measured stays in the store, so that a call that was interrupted goes on
    where it stopped. Raises `BadInputError` for anything that cannot be evaluated.
    """
    from xkd_bench.engine.request import Request

    at_least(8, token_budget=token_budget)
    request = Request(
        student=os.fspath(student),
        task=optional_text(task),
        teacher=optional_text(teacher),
        output=optional_path(output),
        retrained_teachers=tuple(os.fspath(one) for one in retrained_teachers),
        baseline=optional_text(baseline),
        explanations=explanations,
        perturbations=perturbations,
        protocol=os.fspath(protocol),
        data_root=optional_path(data_root),
        store=optional_path(store),
        device=device,
        dtype=dtype,
        token_budget=token_budget,
        timing=timing,
    )
    return _judged(request) if request.output is not None else _kept_by_itself(request)


def _judged(request: Request) -> Evaluation:
    from xkd_bench.engine.request import fulfil

    plan, found = fulfil(request)
    assert found.folder is not None
    return Evaluation(found.result, found.run, found.folder, plan.task)


def _kept_by_itself(request: Request) -> Evaluation:
    """The same with a record in a temporary folder, which goes when the object goes."""
    temporary = Path(tempfile.mkdtemp(prefix="xkd-bench-"))
    try:
        evaluation = _judged(replace(request, output=temporary / _name_of(request.student)))
    except BaseException:  # Ctrl-C, too
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    weakref.finalize(evaluation, shutil.rmtree, temporary, ignore_errors=True)
    return evaluation


def _name_of(student: str) -> str:
    """What a comparison calls a student that has no submission: its folder's name, or the last part of a hub id."""
    place = Path(student)
    name = (place.resolve() if place.exists() else place).name
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-") or "student"


def _numbers(score: Score) -> tuple[float | None, float | None, float | None, int, str, str | None]:
    return score.value, score.low, score.high, score.n, score.status, score.reason
