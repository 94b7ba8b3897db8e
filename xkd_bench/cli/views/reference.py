"""How a suite's plan and status are printed."""

from __future__ import annotations

import json
from collections import Counter

import typer

from xkd_bench.cli.views.console import print_shown
from xkd_bench.reference.plan import hours, measured, most_disk, rows
from xkd_bench.reference.site import Site
from xkd_bench.reference.status import UNFINISHED, Standing, State, seconds_left, standings
from xkd_bench.reference.suite import read_suite
from xkd_bench.reference.suite_graph import build_graph
from xkd_bench.terminal.tables import plain_table

MOST_SHOWN = 12


def print_plan(name: str, site: Site, workers: int, tasks: tuple[str, ...]) -> None:
    """Jobs, updates, forwards and hours by task and kind; hours on one worker, on those asked for and on eight."""
    suite, folder = read_suite(name, tasks)
    graph = build_graph(suite, folder, site)
    found = standings(graph, site.ledger)
    typer.echo(f"{suite.title}: {suite.summary}\nprotocol {suite.protocol}; predicted for {site.device}, one a worker")
    table = plain_table("task", "job", "jobs", "there", "updates", "forwards", "hours", "GB")
    for row in rows(found):
        cost = row.cost
        table.add_row(
            row.task,
            row.kind,
            str(row.jobs),
            str(row.finished),
            f"{cost.updates:,}",
            f"{cost.forwards:,}",
            f"{cost.seconds / 3600:.2f}",
            f"{cost.disk / 1e9:.2f}",
        )
    print_shown(table)
    spans = ", ".join(f"{hours(found, count):.1f} h on {count}" for count in sorted({1, workers, 8}))
    left = [one for one in found if one.state in UNFINISHED]
    typer.echo(
        f"{len(left)} of {len(found)} jobs to do: {spans} workers; disk {most_disk(found, workers) / 1e9:.1f} GB"
    )
    for conflict in graph.conflicts.values():
        typer.echo(f"another record is in the way: {conflict}")


def print_status(found: list[Standing], workers: int) -> None:
    """A line a task, then what runs, what failed, and the time left."""
    states: tuple[State, ...] = ("done", "committed", "running", "failed", "waiting", "left")
    table = plain_table("task", *states)
    for task in dict.fromkeys(one.job.task for one in found):
        counts = Counter(one.state for one in found if one.job.task == task)
        table.add_row(task, *(str(counts[state]) if counts[state] else "–" for state in states))
    print_shown(table)
    _print_measured(found)
    for one in [one for one in found if one.state == "running"]:
        attempt = one.attempt or {}
        since = str(attempt.get("started", ""))[:19].replace("T", " ")
        typer.echo(f"running  {one.job.title}: process {attempt.get('pid')} on {attempt.get('host')} since {since}")
    bad = [one for one in found if one.state == "failed"]
    for one in bad[:MOST_SHOWN]:
        typer.echo(f"failed   {one.job.title}, after {one.attempts} tries:\n{one.reason}")
    if len(bad) > MOST_SHOWN:
        typer.echo(f"… and {len(bad) - MOST_SHOWN} more (--json has them all)")
    noted = [one for one in found if one.state == "committed" and one.reason]
    for reason, count in Counter(one.reason for one in noted).items():
        typer.echo(f"committed, {count} records: {reason}")
    left = [one for one in found if one.state in UNFINISHED]
    if not left:
        typer.echo("all done")
        return
    how = (
        "as finished jobs measured"
        if any(one.state == "done" and one.job.kind != "start" for one in found)
        else "predicted"
    )
    span, hands = _clock(seconds_left(found, workers)), "1 worker" if workers == 1 else f"{workers} workers"
    typer.echo(f"left: {len(left)} jobs, {span} on {hands} ({how})")


def _print_measured(found: list[Standing]) -> None:
    """Hours of finished jobs, as predicted before anything was run and as measured, added up over workers."""
    table = plain_table("made here", "job", "jobs", "hours predicted", "measured", "ratio")
    made = measured(found)
    for row in made:
        table.add_row(row.task, row.kind, str(row.jobs), *_hours(row.predicted, row.taken))
    if len(made) > 1:
        total = _hours(sum(row.predicted for row in made), sum(row.taken for row in made))
        table.add_row("all", "", str(sum(row.jobs for row in made)), *total)
    if made:
        print_shown(table)


def _hours(predicted: float, taken: float) -> tuple[str, str, str]:
    return f"{predicted / 3600:.2f}", f"{taken / 3600:.2f}", f"{taken / predicted:.2f}"


def _clock(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{seconds:.0f} s" if seconds < 90 else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def print_json(found: list[Standing], workers: int) -> None:
    told = [
        {
            "digest": one.job.digest,
            "task": one.job.task,
            "kind": one.job.kind,
            "label": one.job.label,
            "state": one.state,
            "attempts": one.attempts,
            "attempt": one.attempt,
            "reason": one.reason,
            "seconds": round(one.seconds, 1),
        }
        for one in found
    ]
    typer.echo(json.dumps({"seconds_left": round(seconds_left(found, workers), 1), "jobs": told}, indent=1))
