"""The gate inside pytest: `pytest --xkd-candidate=FOLDER --xkd-baseline=FOLDER` adds a test for every score.

    def test_reasons(xkd_alignment):
        assert xkd_alignment.exit_code() == 0

The fixture is the same outcome (`verdicts.gate.GateOutcome`). A score that is undecided fails its test, unless
`--xkd-allow-undecided` is given: then it is skipped. Nothing but pytest is imported before a candidate is named. Write
the options with `=`: with a space pytest takes the folder for one of tests, and looks for its settings there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from xkd_bench.verdicts.gate import GateOutcome, ScoreOutcome

_OUTCOME: pytest.StashKey[Any] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("xkd-bench", "alignment of a student with its teacher")
    group.addoption("--xkd-candidate", metavar="FOLDER", help="a submission, or a task's folder inside one")
    group.addoption("--xkd-baseline", metavar="FOLDER", help="the entry it must not fall behind")
    group.addoption("--xkd-margins", metavar="FILE", help="a TOML file of margins, or text, images or regression")
    group.addoption("--xkd-task", metavar="TASK", help="one task of submissions with several")
    group.addoption("--xkd-allow-undecided", action="store_true", help="skip what is undecided instead of failing")


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add a test for every score after the tests that were found."""
    if config.getoption("--xkd-candidate") or config.getoption("--xkd-baseline"):
        items.extend(_items(session, config))


@pytest.fixture(scope="session")
def xkd_alignment(request: pytest.FixtureRequest) -> GateOutcome:
    """The outcome of the gate for the candidate and the baseline named on the command line; skips without them."""
    if not (request.config.getoption("--xkd-candidate") and request.config.getoption("--xkd-baseline")):
        pytest.skip("needs --xkd-candidate and --xkd-baseline")
    return _outcome(request.config)


class AlignmentError(Exception):
    """A score that did not pass, in one line."""


class AlignmentItem(pytest.Item):
    """One score as a test."""

    score: ScoreOutcome | None = None
    problem: str = ""

    def runtest(self) -> None:
        from xkd_bench.verdicts.gate_reports import told

        if self.problem:
            raise AlignmentError(self.problem)
        assert self.score is not None
        if self.score.status == "undecided" and self.config.getoption("--xkd-allow-undecided"):
            pytest.skip(told(self.score))
        if self.score.status != "pass":
            raise AlignmentError(f"{self.score.status}: {told(self.score)}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        return str(excinfo.value) if isinstance(excinfo.value, AlignmentError) else super().repr_failure(excinfo)


def _items(session: pytest.Session, config: pytest.Config) -> Iterator[AlignmentItem]:
    from xkd_bench.errors import BadInputError

    try:
        outcome = _outcome(config)
    except BadInputError as error:
        yield _item(session, "xkd-bench check", None, str(error))
        return
    for task in outcome.tasks:
        if task.refused:
            yield _item(session, task.task, None, f"not comparable: {'; '.join(task.refused)}")
        for score in task.scores:
            yield _item(session, f"{task.task}::{score.name}", score)
    if not outcome.count("pass") and not outcome.count("fail"):
        yield _item(session, "anything decided", None, "no score could be decided")


def _item(session: pytest.Session, name: str, score: ScoreOutcome | None, problem: str = "") -> AlignmentItem:
    item: AlignmentItem = AlignmentItem.from_parent(session, name=name)
    item.score, item.problem = score, problem
    return item


def _outcome(config: pytest.Config) -> GateOutcome:
    from xkd_bench.errors import BadInputError
    from xkd_bench.verdicts.folders import gate_folders

    if _OUTCOME not in config.stash:
        folders = [config.getoption(one) for one in ("--xkd-candidate", "--xkd-baseline")]
        if not all(folders):
            raise BadInputError(
                where="pytest",
                expected="--xkd-candidate and --xkd-baseline",
                found="one of them",
                fix="name both",
            )
        margins, task = config.getoption("--xkd-margins"), config.getoption("--xkd-task")
        candidate, baseline = map(Path, folders)
        config.stash[_OUTCOME] = gate_folders(candidate, baseline, margins or None, task)
    outcome: GateOutcome = config.stash[_OUTCOME]
    return outcome
