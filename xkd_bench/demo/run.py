"""What `xkd-bench demo` does: the steps a user would type, on the two tasks that need no download."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from xkd_bench import leaderboard
from xkd_bench.distillers import registry as distillers
from xkd_bench.distillers.distill import Order, distill
from xkd_bench.engine.evaluate import Evaluation, evaluate
from xkd_bench.engine.plan import make_plan
from xkd_bench.errors import BadInputError
from xkd_bench.metrics.registry import cards
from xkd_bench.models.classifier import Runtime
from xkd_bench.models.starts import write_start
from xkd_bench.records.files import disk_errors
from xkd_bench.records.schema import ScoreRecord
from xkd_bench.records.store import Store
from xkd_bench.tasks.registry import find_task

TASKS = ("demo/grammar", "demo/digits")
STUDENT_LAYERS = (1, 3)
STUDENT_EPOCHS = {"demo/grammar": 1, "demo/digits": 3}
METHODS = ("finetune", "vanilla_kd")
MARKER = "This folder was made by xkd-bench demo.\n"


def run(output: Path) -> None:
    """Train, distil, evaluate and build a board under `output`; what is there already is not made again.

    Raises `BadInputError` when `output` holds something else.
    """
    marker = output / "README.txt"
    if output.exists() and any(output.iterdir()) and not marker.exists():
        raise BadInputError(
            where=f"--output {output}",
            expected="a new folder, or that of an earlier demo",
            found="a folder with other files",
            fix="name another folder",
        )
    started = time.monotonic()
    with disk_errors(output, "the demo goes on from what is there when it is started again"):
        output.mkdir(parents=True, exist_ok=True)
        marker.write_text(MARKER, encoding="utf-8")
        with _one_thread():
            found = {(task, method): _judge(output, task, method) for task in TASKS for method in METHODS}
        board = leaderboard.build(output / "submissions", output / "leaderboard", cards(), distillers.cards())
    print(f"\nDone in {time.monotonic() - started:.0f} s. What it shows:")
    for number, line in enumerate(telling_lines(found), 1):
        print(f"  {number}. {line}")
    print(f"\nboard: {board.page.resolve()}  (open it in a browser)")
    print(f"next:  xkd-bench evaluate {output / 'models' / 'grammar-vanilla_kd'}")


@contextmanager
def _one_thread() -> Iterator[None]:
    """Models this small gain little from a second thread and lose much where the cores are busy with other things."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _judge(output: Path, task: str, method: str) -> Evaluation:
    """Teacher and student are trained where they are missing; the student is judged."""
    short = task.split("/")[1]
    models, runtime = output / "models", Runtime("cpu")
    store = Store(output / "store")
    start, teacher, student = (
        models / f"{short}-start",
        models / f"{short}-teacher",
        models / f"{short}-{method}",
    )
    if not start.exists():
        write_start(start, find_task(task).card)
    if not teacher.exists():
        _say(f"{task}: training a teacher with 4 blocks")
        distill(Order("finetune", find_task(task), str(start), None, teacher), runtime, store, None)
    if not student.exists():
        _say(f"{task}: {method}, a student with the teacher's blocks 1 and 3")
        given = None if method == "finetune" else str(teacher)
        order = Order(
            method,
            find_task(task),
            str(teacher),
            given,
            student,
            layers=STUDENT_LAYERS,
            epochs=STUDENT_EPOCHS[task],
        )
        distill(order, runtime, store, None)
    _say(f"{task}: judging {method}")
    plan = make_plan(str(student), task, str(teacher), "quick", runtime, None)
    return evaluate(plan, store, output / "submissions" / method, timing=True)


def _say(line: str) -> None:
    print(f"· {line}", flush=True)


def telling_lines(found: dict[tuple[str, str], Evaluation]) -> list[str]:
    """Three sentences for a person: what the student kept, how far it agrees, what the board can not tell apart."""
    kept, plain = found["demo/grammar", "vanilla_kd"], found["demo/grammar", "finetune"]
    digits = found["demo/digits", "vanilla_kd"]
    scores, control = kept.result.scores, plain.result.scores
    blocks = kept.result.student.blocks
    speed = kept.run.speed
    ratio = f" and answers {speed.ratio:.1f} times as fast" if speed and speed.ratio else ""
    first = (
        f"grammar: a student of {blocks} blocks reaches MCC {_with(scores['mcc'])} where its teacher has "
        f"{_with(scores['teacher.mcc'])}{ratio}."
    )
    second = (
        f"grammar: agreement with the teacher is κ {_with(scores['kappa'])} after distillation and "
        f"{_with(control['kappa'])} after plain fine-tuning; {_apart(scores['kappa'], control['kappa'])}."
    )
    ours = digits.result.scores
    together = ours["error_consistency"]
    shared = "err on the same images beyond chance" if (together.low or 0) > 0 else "are not shown to err together"
    third = (
        f"digits: accuracy {_with(ours['accuracy'])}, the teacher's {_with(ours['teacher.accuracy'])}; student and "
        f"teacher {shared} (error consistency {_with(together)}, 0 for independent errors)."
    )
    return [first, second, third]


def _with(score: ScoreRecord) -> str:
    if score.value is None:
        return f"undefined ({score.reason})"
    if score.low is None or score.high is None:
        return f"{score.value:.2f}"
    return f"{score.value:.2f} [{score.low:.2f}, {score.high:.2f}]"


def _apart(one: ScoreRecord, other: ScoreRecord) -> str:
    """Whether two intervals overlap: a glance, not a test."""
    if None in (one.low, one.high, other.low, other.high):
        return "one of them has no interval"
    assert one.low is not None
    assert one.high is not None
    assert other.low is not None
    assert other.high is not None
    overlap = one.low <= other.high and other.low <= one.high
    return "the intervals overlap, so this alone tells nothing" if overlap else "the intervals do not overlap"
