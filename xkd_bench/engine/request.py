"""What `evaluate` is asked for, in the words of the command line and of `xkd_bench.evaluate` alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xkd_bench.engine.evaluate import Evaluation, evaluate
from xkd_bench.engine.plan import Plan, make_plan
from xkd_bench.models.classifier import make_runtime
from xkd_bench.records.store import Store, default_store
from xkd_bench.tasks.loading import data_root as root_of


@dataclass(frozen=True)
class Request:
    """One student on one task, everything as it was typed. None: taken from the lineage, the environment or a default
    of the machine. output: a submission's folder, None where nothing is to be written. timing: None times both models
    only if the teacher runs anyway.
    """

    student: str
    task: str | None = None
    teacher: str | None = None
    output: Path | None = None
    retrained_teachers: tuple[str, ...] = ()
    baseline: str | None = None
    explanations: bool = True
    perturbations: bool = True
    protocol: str = "quick"
    data_root: Path | None = None
    store: Path | None = None
    device: str = "auto"
    dtype: str = "float32"
    token_budget: int | None = None
    timing: bool | None = None


def fulfil(request: Request) -> tuple[Plan, Evaluation]:
    """Plan and run. Raises `BadInputError` for anything that cannot be evaluated, before any weight is loaded."""
    runtime = make_runtime(request.device, request.dtype, request.token_budget)
    plan = make_plan(
        request.student,
        request.task,
        request.teacher,
        request.protocol,
        runtime,
        root_of(request.data_root),
        request.retrained_teachers,
        request.baseline,
    )
    store = Store(request.store or default_store())
    found = evaluate(plan, store, request.output, request.timing, request.explanations, request.perturbations)
    return plan, found
