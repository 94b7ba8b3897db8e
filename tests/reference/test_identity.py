"""A job is what its result depends on: what changes its digest, and what does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from suites import graph_of, site, write_suite

from xkd_bench.reference.graph import Graph


def digests(graph: Graph) -> dict[str, str]:
    return {job.title: digest for digest, job in graph.jobs.items()}


@pytest.fixture
def base(suite: Path, tmp_path: Path) -> dict[str, str]:
    return digests(graph_of(suite, site(tmp_path)))


def changed(tmp_path: Path, base: dict[str, str], change: Callable[[str], str]) -> set[str]:
    """Titles of jobs that are others after a change of the suite; all of them where there are others at all."""
    found = digests(graph_of(write_suite(tmp_path / "changed", change), site(tmp_path)))
    return {title.removeprefix("demo/digits: ") for title, digest in found.items() if base.get(title) != digest}


TEACHERS = {"train teacher", "train teacher again, seed 1"}
TABLES = {"keep teacher's tables", "keep tables of retrained teacher 1"}
STUDENTS = {"train finetune, seed 0", "train vanilla_kd, seed 0"}
RECORDS = {"evaluate finetune, seed 0", "evaluate vanilla_kd, seed 0"}
COPY = {"round int8 copy"}
CONTROLS = {"evaluate control-int8", "evaluate control-retrained"}


@pytest.mark.parametrize(
    ("old", "new", "others"),
    [
        ('title = "Tiny"', 'title = "Small"', set()),
        ('name = "tiny"', 'name = "small"', set()),
        ("embeddings = 3000", "embeddings = 4000", set()),
        ("rows = { train = 1437", "rows = { train = 1400", set()),
        ("seeds = [0]", "seeds = [0]\nsettings = { temperature = 2.0 }", set()),
        (
            "seeds = [0]",
            "seeds = [0]\nsettings = { temperature = 3.0 }",
            {"train vanilla_kd, seed 0", "evaluate vanilla_kd, seed 0"},
        ),
        ("seeds = [0]", "seeds = [0, 1]", {"train vanilla_kd, seed 1", "evaluate vanilla_kd, seed 1"}),
        ("training = { epochs = 1 }", "training = { epochs = 2 }", STUDENTS | RECORDS),
        ("layers = [1, 3]", "layers = [1, 4]", STUDENTS | RECORDS),
        ('baseline = "finetune"\n', "", {"evaluate vanilla_kd, seed 0"}),
        ("epochs = 7", "epochs = 8", TEACHERS | TABLES | STUDENTS | COPY | RECORDS | CONTROLS),
        ("train_rows = 480", "train_rows = 479", TEACHERS | TABLES | STUDENTS | COPY | RECORDS | CONTROLS),
        ("retrained = [1]", "retrained = []", RECORDS | {"evaluate control-int8"}),
        ("protocol = \"tiny_protocol.toml\"", 'protocol = "quick"', TABLES | RECORDS | CONTROLS),
    ],
)  # fmt: skip
def test_a_change_of_the_suite_changes_what_depends_on_it(
    tmp_path: Path, base: dict[str, str], old: str, new: str, others: set[str]
) -> None:
    assert changed(tmp_path, base, lambda text: text.replace(old, new)) == others


def test_the_device_and_the_libraries_are_part_of_it_and_the_place_is_not(
    suite: Path, tmp_path: Path, base: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert digests(graph_of(suite, site(tmp_path / "elsewhere"))) == base
    assert digests(graph_of(suite, site(tmp_path, looks=False))) == base, "status and plan speak of the same jobs"
    on_gpu = digests(graph_of(suite, replace(site(tmp_path), device="cuda")))
    assert not set(on_gpu.values()) & set(base.values())
    monkeypatch.setattr("xkd_bench.reference.site.version", lambda name: "0")
    assert not set(digests(graph_of(suite, site(tmp_path))).values()) & set(base.values())


def test_two_methods_with_the_same_settings_are_one_training_and_two_records(tmp_path: Path) -> None:
    more = '[[methods]]\nmethod = "vanilla_kd"\nentry = "again"\n'
    graph = graph_of(write_suite(tmp_path, lambda text: text + more), site(tmp_path))
    kinds = [job.kind for job in graph.jobs.values()]
    assert kinds.count("train") == 4
    assert kinds.count("evaluate") == 5
