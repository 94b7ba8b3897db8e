"""The gate's outcome as Markdown for a summary and as JUnit XML for a CI."""

from __future__ import annotations

from xml.etree import ElementTree

from xkd_bench.verdicts.gate import GateOutcome, ScoreOutcome, TaskOutcome
from xkd_bench.verdicts.markdown import flipped_table, moved_table, table, text
from xkd_bench.verdicts.wording import NOTHING, changed_words, interval, signed

MARKS = {"pass": "pass", "fail": "**fail**", "undecided": "undecided"}


def gate_markdown(outcome: GateOutcome, allow_undecided: bool = False) -> str:
    """Verdict first, a table a task, then the examples whose reason changed while the answer did not."""
    blocks = [f"## Alignment: {headline(outcome, allow_undecided)}"]
    blocks.append(text(f"{outcome.candidate} against {outcome.baseline}"))
    for task in outcome.tasks:
        blocks += _task_blocks(task)
    return "\n\n".join(blocks) + "\n"


def headline(outcome: GateOutcome, allow_undecided: bool = False) -> str:
    """What the exit code says, in words."""
    words = {0: "passed", 1: "failed", 2: "not decided"}
    counts = f"{outcome.count('pass')} pass, {outcome.count('fail')} fail, {outcome.count('undecided')} undecided"
    return f"{words[outcome.exit_code(allow_undecided)]} ({counts})"


def _task_blocks(task: TaskOutcome) -> list[str]:
    blocks = [f"### {text(task.title)}"]
    if task.refused:
        return [*blocks, f"Not comparable: {text('; '.join(task.refused))}"]
    rows = [
        (
            score.title,
            NOTHING if score.baseline is None else f"{score.baseline:.3f}",
            NOTHING if score.candidate is None else f"{score.candidate:.3f}",
            signed(score.difference),
            interval(score.low, score.high),
            NOTHING if score.margin is None else f"{score.margin:g}",
            MARKS[score.status] + (f": {score.reason}" if score.reason else ""),
        )
        for score in task.scores
    ]
    heads = ("score", "baseline", "candidate", "gain", "95 % interval", "margin", "outcome")
    blocks.append(table(heads, rows, left=(0, 6)))
    changed = task.changed
    if changed is not None:
        blocks.append(text(changed_words(changed)))
        if changed.kept_answer_lost_reason:
            blocks.append("Same answer, another reason: farthest from the teacher's reasons since the baseline")
            blocks.append(moved_table(changed.kept_answer_lost_reason))
        if changed.flipped:
            blocks.append("Answers that differ")
            blocks.append(flipped_table(changed.flipped))
    return blocks


def gate_junit(outcome: GateOutcome, allow_undecided: bool = False) -> str:
    """A test case a score: a failure where it fails, an error where it is undecided, skipped where that is allowed."""
    root = ElementTree.Element("testsuites", name="xkd-bench check")
    for task in outcome.tasks:
        suite = ElementTree.SubElement(root, "testsuite", name=task.task)
        if task.refused:
            _case(suite, task.task, "comparable", "error", "; ".join(task.refused))
        for score in task.scores:
            kind = {"pass": None, "fail": "failure", "undecided": "skipped" if allow_undecided else "error"}
            _case(suite, task.task, score.name, kind[score.status], told(score))
        _count(suite)
    return _written(root)


def error_junit(message: str) -> str:
    """A check that could not be made at all."""
    root = ElementTree.Element("testsuites", name="xkd-bench check")
    suite = ElementTree.SubElement(root, "testsuite", name="xkd-bench check")
    _case(suite, "check", "readable", "error", message)
    _count(suite)
    return _written(root)


def told(score: ScoreOutcome) -> str:
    """One line that says why a score came out as it did."""
    if score.difference is None:
        return f"{score.title}: {score.reason}"
    margin = "no margin" if score.margin is None else f"margin {score.margin:g}"
    numbers = f"{signed(score.difference)} {interval(score.low, score.high)}, {margin}, n = {score.n}"
    return f"{score.title}: {numbers}" + (f"; {score.reason}" if score.reason else "")


def _case(suite: ElementTree.Element, of: str, name: str, kind: str | None, message: str) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=of, name=name)
    plain = "".join(one if one.isprintable() or one in "\n\t" else "\ufffd" for one in message)
    if kind is None:
        ElementTree.SubElement(case, "system-out").text = plain
    else:
        ElementTree.SubElement(case, kind, message=" ".join(plain.split())).text = plain


def _count(suite: ElementTree.Element) -> None:
    for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(len(list(suite.iter(tag)))))


def _written(root: ElementTree.Element) -> str:
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'
