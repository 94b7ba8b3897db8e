"""Verdicts as Markdown: for a pull request, a paper's supplement, a CI summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xkd_bench.verdicts.changed_examples import ChangedExamples, FlippedAnswer, MovedReason
from xkd_bench.verdicts.outcome import Outcome, TaskComparison
from xkd_bench.verdicts.wording import NOTHING, changed_words, lines, remarks, signed

HEADS = ("difference", "95 % interval", "p (Holm)", "smallest", "verdict")


def outcome_markdown(outcome: Outcome) -> str:
    """Every comparison as a section, then what could not be compared."""
    blocks: list[str] = []
    for task in outcome.compared:
        blocks += _section(task)
    if outcome.not_comparable:
        blocks.append("## Not comparable")
        blocks.append(
            "\n".join(
                f"- {text(one.task)}, {text(one.first)} and {text(one.second)}: {text('; '.join(one.reasons))}"
                for one in outcome.not_comparable
            )
        )
    return "\n\n".join(blocks) + "\n"


def _section(task: TaskComparison) -> Iterator[str]:
    yield f"## {text(task.title)}: {text(task.second)} against {text(task.first)}"
    rows = [
        (
            f"{line.heading}: {line.title}" if line.heading else line.title,
            line.first,
            line.second,
            line.difference,
            line.interval,
            line.p_value,
            line.smallest,
            f"**{line.verdict}**" if line.verdict in ("better", "worse", "different") else line.verdict,
        )
        for line in lines(task)
    ]
    yield table(("score", task.first, task.second, *HEADS), rows, left=(0, 7))
    yield "\n".join(f"- {text(one)}" for one in (*remarks(task), f"Protocol {task.protocol}."))
    if task.changed is not None:
        yield from changed_blocks(task.changed)


def changed_blocks(changed: ChangedExamples) -> Iterator[str]:
    """Which examples changed: ids and numbers, never text."""
    yield text(changed_words(changed))
    if changed.flipped:
        yield flipped_table(changed.flipped)
    if changed.moved:
        yield moved_table(changed.moved)


def flipped_table(flipped: Sequence[FlippedAnswer]) -> str:
    rows = [(one.example_id, one.before, one.after, one.teacher or NOTHING) for one in flipped]
    return table(("example", "answer before", "after", "teacher"), rows, left=(0, 1, 2, 3))


def moved_table(moved: Sequence[MovedReason]) -> str:
    rows = [
        (
            one.example_id,
            f"{one.before:.3f}",
            f"{one.after:.3f}",
            signed(one.change),
            "yes" if one.same_answer else "no",
        )
        for one in moved
    ]
    return table(("example", "cosine before", "after", "change", "same answer"), rows, left=(0,))


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int]) -> str:
    rule = ["---" if place in left else "---:" for place in range(len(heads))]
    parts = [[text(head) for head in heads], rule, *([text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in parts)


def text(value: str) -> str:
    """Text of a submission's author or a task as Markdown that shows it and does nothing else."""
    plain = " ".join(value.split())
    for character in "\\`<>[]|":
        plain = plain.replace(character, {"<": "&lt;", ">": "&gt;"}.get(character, f"\\{character}"))
    return plain
