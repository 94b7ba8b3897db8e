"""`xkd-bench verify`: does a submission say what its tables say, and its tables what its checkpoint says?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xkd_bench.cli.options import DataRoot, Device, Submissions

if TYPE_CHECKING:
    from xkd_bench.engine.audit import Audit
    from xkd_bench.records.submission import TaskEntry

WRONG = 1


def verify(
    folder: Annotated[Path, typer.Argument(help="A submission, e.g. submissions/my-method.")],
    checkpoint: Annotated[
        str | None, typer.Option(help="The student to run again. Without it, no model is run.")
    ] = None,
    audit: Annotated[
        int | None, typer.Option(help="Run again all answers, and the reasons for so many random examples.", min=1)
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Evaluate again from an empty store.")] = False,
    task: Annotated[str | None, typer.Option(help="Which task, of a submission with several.")] = None,
    teacher: Annotated[
        str | None, typer.Option(help="The record's teacher. Default: the reference teacher with its hash.")
    ] = None,
    retrained_teacher: Annotated[list[str] | None, typer.Option(help="For --full: as it was evaluated.")] = None,
    baseline: Annotated[str | None, typer.Option(help="For --full: as it was evaluated.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the sample. Default: drawn anew, and told.")] = None,
    submissions: Submissions = Path("submissions"),
    data_root: DataRoot = None,
    device: Device = "auto",
) -> None:
    """Derive every number of a submission again; with a checkpoint, run it again too.

    What was run is kept in SUBMISSIONS/audits, where badges come from: recorded, audited, reproduced. Exit code 1 where
    something differs.
    """
    from xkd_bench.cli.submit import print_checked
    from xkd_bench.engine.check import check_submission
    from xkd_bench.errors import BadInputError

    if (audit is not None or full) != (checkpoint is not None) or (audit is not None and full):
        raise BadInputError(
            where="verify",
            expected="--checkpoint together with --audit N or --full, or none of them",
            found="another choice",
            fix="e.g. xkd-bench verify submissions/my-method --audit 50 --checkpoint path/to/student",
        )
    checked = check_submission(folder)
    print_checked(checked)
    if checked.findings:
        raise typer.Exit(WRONG)
    if checkpoint is None:
        typer.echo("recorded: every number follows from the committed tables")
        return
    _run_again(
        folder,
        checkpoint,
        audit,
        task,
        teacher,
        retrained_teacher or [],
        baseline,
        seed,
        submissions,
        data_root,
        device,
    )


def _run_again(
    folder: Path,
    checkpoint: str,
    examples: int | None,
    task: str | None,
    teacher: str | None,
    retrained: list[str],
    baseline: str | None,
    seed: int | None,
    submissions: Path,
    data_root: Path | None,
    device: str,
) -> None:
    import secrets

    from xkd_bench.engine.audit import audit, reproduce
    from xkd_bench.engine.plan import make_plan
    from xkd_bench.models.classifier import make_runtime
    from xkd_bench.records.audits import write_audit
    from xkd_bench.records.reference_tables import reference_with
    from xkd_bench.tasks.loading import data_root as root_of

    entry = _entry(folder, task)
    result = entry.result
    runtime = make_runtime(device, result.dtype)
    kept = reference_with(result.teacher.hash) if teacher is None and result.teacher else None
    plan = make_plan(
        checkpoint,
        result.task.name,
        str(kept) if kept else teacher,
        result.protocol.name,
        runtime,
        root_of(data_root),
        retrained,
        baseline,
        alone=examples is not None,
    )
    drawn = secrets.randbelow(2**31) if seed is None else seed
    found = reproduce(plan, entry) if examples is None else audit(plan, entry, examples, drawn)
    _print(found)
    if not found.passed:
        typer.echo("not the same: no badge. More numbers differ than ties on another machine explain")
        raise typer.Exit(WRONG)
    path = write_audit(submissions, _name(folder, submissions), result.task.name, found.record)
    typer.echo(f"{found.record.badge}: {path}")


def _entry(folder: Path, task: str | None) -> TaskEntry:
    from xkd_bench.errors import BadInputError
    from xkd_bench.records.submission import read_submission

    tasks = read_submission(folder).tasks
    chosen = [name for name in tasks if task is None or task in (name, name.rpartition("/")[2])]
    if len(chosen) != 1:
        raise BadInputError(
            where="--task",
            expected=f"one of {', '.join(tasks)}",
            found=repr(task) if task else "none",
            fix="a checkpoint answers one task: name it",
        )
    return tasks[chosen[0]]


def _name(folder: Path, submissions: Path) -> str:
    """The entry's name on the board: its folder below `submissions`."""
    from xkd_bench.errors import BadInputError

    try:
        return folder.resolve().relative_to(submissions.resolve()).as_posix()
    except ValueError:
        raise BadInputError(
            where=str(folder),
            expected=f"a folder below {submissions}",
            found="one elsewhere",
            fix="name the folder of submissions with --submissions",
        ) from None


def _print(found: Audit) -> None:
    from xkd_bench.cli.views.console import print_shown
    from xkd_bench.terminal.tables import plain_table

    numeric = ("numbers", "bit-equal", "largest Δ", "tolerance", "beyond")
    table = plain_table("run again", *numeric, right=numeric)
    for one in found.record.compared:
        table.add_row(
            one.what,
            f"{one.numbers:,}",
            f"{one.equal:,}",
            f"{one.largest:.1e}",
            f"{one.tolerance:.0e}",
            f"{one.beyond:,}",
        )
    print_shown(table)
