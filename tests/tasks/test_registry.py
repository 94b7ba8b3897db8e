"""Every task file is whole, lies where its name says and names scores that exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from xkd_bench.errors import BadInputError
from xkd_bench.metrics.registry import cards
from xkd_bench.tasks.protocols import read_protocol
from xkd_bench.tasks.registry import all_tasks, builtin_folder, find_task

MISSION = {
    "glue": {"cola", "sst2", "mrpc", "qqp", "stsb", "mnli_matched", "mnli_mismatched", "qnli", "rte", "wnli"},
    "superglue": {"multirc"},
    "cifar": {"cifar10", "cifar100"},
    "demo": {"grammar", "digits"},
}
HEADLINES = {
    "glue/cola": "mcc",
    "glue/mrpc": "f1",
    "glue/stsb": "spearman",
    "superglue/multirc": "f1",
    "demo/grammar": "mcc",
}
PINNED = {"glue/cola", "glue/sst2", "glue/mrpc", "glue/stsb", "glue/wnli", "glue/qnli", "demo/grammar", "demo/digits"}


def test_every_task_of_the_mission_is_there() -> None:
    names = {f"{suite}/{task}" for suite, tasks in MISSION.items() for task in tasks}
    assert set(all_tasks()) == names


@pytest.mark.parametrize("name", sorted(all_tasks()))
def test_a_task_file_is_whole(name: str) -> None:
    task = all_tasks()[name]
    card = task.card
    assert task.path.relative_to(builtin_folder()).with_suffix("").as_posix() == name
    assert card.headline == HEADLINES.get(name, "accuracy")
    known = cards()
    for score in (card.headline, *card.beside):
        assert card.kind in known[score].kinds
        assert known[score].classes in (None, card.classes)
    assert card.licence
    assert card.citation.strip().startswith("@")
    assert card.data.train, "a task that can be distilled on"
    assert (card.data.evaluation in card.data.fingerprints) == (name in PINNED)


@pytest.mark.parametrize("name", ["cola", "glue/cola"])
def test_a_short_name_finds_its_task(name: str) -> None:
    assert find_task(name).name == "glue/cola"


@pytest.mark.parametrize(
    ("typo", "meant"), [("colla", "cola"), ("SST2", "sst2"), ("mnli", "mnli_matched"), ("cifar", "cifar10")]
)
def test_an_unknown_task_suggests_near_names(typo: str, meant: str) -> None:
    with pytest.raises(BadInputError, match=meant):
        find_task(typo)


@pytest.mark.parametrize(("name", "resamples"), [("quick", 2_000), ("standard", 10_000), ("paper", 10_000)])
def test_protocols(name: str, resamples: int) -> None:
    assert read_protocol(name).statistics.resamples == resamples
    with pytest.raises(BadInputError, match="aggregation, paper, quick, standard"):
        read_protocol(name + "er")


def test_the_task_files_of_another_package_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point of the group `xkd_bench.tasks` names a package with TOML files in it."""
    from importlib.metadata import EntryPoint

    from xkd_bench.tasks import registry

    package = tmp_path / "their_tasks"
    (package / "mine").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('a listing must not import this')")
    text = find_task("demo/digits").path.read_text().replace('"demo/digits"', '"mine/digits"')
    (package / "mine" / "digits.toml").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    point = EntryPoint("theirs", "their_tasks", "xkd_bench.tasks")
    monkeypatch.setattr(registry, "installed", lambda group: {"theirs": point})
    registry.all_tasks.cache_clear()
    try:
        assert find_task("mine/digits").card.title == "demo: digits"
    finally:
        monkeypatch.undo()
        registry.all_tasks.cache_clear()
