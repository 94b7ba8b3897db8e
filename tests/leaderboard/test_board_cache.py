"""What a build remembers changes its speed and nothing else."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from synthetic import SCRIPT, write_board

from xkd_bench.distillers import registry as distillers
from xkd_bench.leaderboard import build, entry_files, section_files
from xkd_bench.leaderboard.cache import Digests
from xkd_bench.leaderboard.digest import slim
from xkd_bench.metrics.registry import cards
from xkd_bench.records.schema import TaskResult

ROOT = Path(__file__).parents[2]
REAL = ROOT / "submissions" / "reference"


def site(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    """Two real entries with their tables, an audit and their teacher, beside made-up ones."""
    root = write_board(tmp_path / "in")
    for name in ("vanilla_kd", "attn_last"):  # no reference entries, so that no claim is held against them
        shutil.copytree(REAL / name / "glue", root / "people" / name / "glue")
        shutil.copy(REAL / name / "submission.toml", root / "people" / name)
    shutil.copytree(ROOT / "submissions/audits/reference/vanilla_kd", root / "audits/people/vanilla_kd")
    shutil.copytree(REAL / "teachers" / "sst2", root / "reference" / "teachers" / "sst2")
    return root


def built(submissions: Path, output: Path, **options: object) -> dict[str, bytes]:
    build(submissions, output, cards(), distillers.cards(), **options)
    return site(output)


def never(*_: object, **__: object) -> None:
    raise AssertionError("an entry was made again")


@pytest.fixture(params=[False, True], ids=["one page", "many pages"])
def length(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param:
        monkeypatch.setattr("xkd_bench.leaderboard.pages.board.ROWS_ON_ONE_PAGE", 3)
        monkeypatch.setattr("xkd_bench.leaderboard.pages.board.ROWS_A_PAGE", 2)


@pytest.mark.usefixtures("length")
def test_the_second_build_makes_no_entry_again_and_writes_the_same_bytes(submissions, tmp_path, monkeypatch):
    cold = built(submissions, tmp_path / "cold")
    assert built(submissions, tmp_path / "warm", cache=tmp_path / "cache") == cold
    monkeypatch.setattr(entry_files, "make", never)
    assert built(submissions, tmp_path / "warm", cache=tmp_path / "cache") == cold
    report = build(submissions, tmp_path / "warm", cards(), distillers.cards(), cache=tmp_path / "cache")
    assert report.kept == report.entries


def test_the_second_build_of_a_long_board_makes_no_table_again(submissions, tmp_path, monkeypatch):
    monkeypatch.setattr("xkd_bench.leaderboard.pages.board.ROWS_ON_ONE_PAGE", 3)
    cold = built(submissions, tmp_path / "board", cache=tmp_path / "cache")
    monkeypatch.setattr(section_files, "make", never)
    assert built(submissions, tmp_path / "board", cache=tmp_path / "cache") == cold
    other = {"official_teachers": ["sha256:" + "0" * 64]}
    with pytest.raises(AssertionError, match="made again"):
        built(submissions, tmp_path / "board", cache=tmp_path / "cache", **other)


def test_a_fresh_checkout_of_the_same_files_is_known_by_its_contents(submissions, tmp_path, monkeypatch):
    first = built(submissions, tmp_path / "board", cache=tmp_path / "cache")
    for path in submissions.rglob("*"):
        os.utime(path, (1, 1))
    monkeypatch.setattr(entry_files, "make", never)
    assert built(submissions, tmp_path / "board", cache=tmp_path / "cache") == first


@pytest.mark.usefixtures("length")
@pytest.mark.parametrize(
    "what", ["submission.toml", "record.json", "audit", "removed", "added", "page", "table", "cache", "sections"]
)
def test_whatever_changes_is_made_again(submissions, tmp_path, what):
    built(submissions, tmp_path / "board", cache=tmp_path / "cache")
    entry = submissions / "people" / "vanilla_kd"
    if what == "submission.toml":
        path = entry / "submission.toml"
        path.write_text(path.read_text().replace('name = "', 'name = "Another '))
    elif what == "record.json":
        path = entry / "glue/sst2/record.json"
        record = json.loads(path.read_text())
        record["scores"]["accuracy"]["value"] = 0.123456
        path.write_text(json.dumps(record))
    elif what == "audit":
        shutil.rmtree(submissions / "audits")
    elif what == "removed":
        shutil.rmtree(entry)
    elif what == "added":
        shutil.copytree(entry, submissions / "people" / "vanilla-kd-again")
    elif what == "page":
        (tmp_path / "board/entries/people-attn-last.html").write_text("mine")
    elif what == "table":
        for path in (tmp_path / "board/data").glob("*.csv"):
            path.write_text("mine")
    else:
        for path in (tmp_path / "cache").rglob("entry.json" if what == "cache" else "sections/*.json"):
            path.write_text("{")
    again = built(submissions, tmp_path / "board", cache=tmp_path / "cache")
    assert again == built(submissions, tmp_path / "cold")
    if what == "record.json":
        assert b"0.123" in again["index.html"]
        assert b"0.123" in again["entries/people-vanilla-kd.html"]


def test_what_is_lost_of_the_cache_is_made_again(submissions, tmp_path, monkeypatch):
    monkeypatch.setattr("xkd_bench.leaderboard.pages.board.ROWS_ON_ONE_PAGE", 3)
    first = built(submissions, tmp_path / "board", cache=tmp_path / "cache")
    for path in [*(tmp_path / "cache").rglob("*.npy")][:2]:
        path.unlink()
    assert built(submissions, tmp_path / "board", cache=tmp_path / "cache") == first


def test_what_else_lies_beside_the_digests_is_left_alone(submissions, tmp_path):
    (tmp_path / "cache" / "thesis").mkdir(parents=True)
    (tmp_path / "cache" / "thesis" / "draft.tex").write_text("years of work")
    built(submissions, tmp_path / "board", cache=tmp_path / "cache")
    build(submissions, tmp_path / "board", {}, {}, cache=tmp_path / "cache")
    assert (tmp_path / "cache" / "thesis" / "draft.tex").read_text() == "years of work"


def test_other_cards_make_everything_again_and_forget_the_old(submissions, tmp_path):
    built(submissions, tmp_path / "board", cache=tmp_path / "cache")
    without = {name: card for name, card in cards().items() if name != "agreement"}
    build(submissions, tmp_path / "board", without, distillers.cards(), cache=tmp_path / "cache")
    build(submissions, tmp_path / "cold", without, distillers.cards())
    assert site(tmp_path / "board") == site(tmp_path / "cold")
    assert len(list((tmp_path / "cache").glob("digests-*"))) == 1


def test_two_boards_with_one_cache_do_not_take_each_others_pages(submissions, tmp_path):
    one = built(submissions, tmp_path / "one", cache=tmp_path / "cache")
    assert built(submissions, tmp_path / "two", cache=tmp_path / "cache") == one
    assert built(submissions, tmp_path / "one", cache=tmp_path / "cache") == one


def test_several_processes_write_the_same_bytes(submissions, tmp_path, monkeypatch):
    shutil.rmtree(submissions / "people" / "hostile")  # what this process lets pass for tests, others refuse
    monkeypatch.setattr("xkd_bench.leaderboard.workers.WORTH_PROCESSES", 1)
    assert built(submissions, tmp_path / "two", processes=2) == built(submissions, tmp_path / "one", processes=1)


def test_what_a_digest_leaves_out_is_on_no_board(submissions, tmp_path, monkeypatch):
    monkeypatch.setattr("xkd_bench.leaderboard.pages.board.ROWS_ON_ONE_PAGE", 3)
    shortened = built(submissions, tmp_path / "shortened")
    monkeypatch.setattr(entry_files, "slim", lambda result, metrics: result)
    assert built(submissions, tmp_path / "whole") == shortened
    result = TaskResult.model_validate_json((REAL / "vanilla_kd/glue/sst2/record.json").read_bytes())
    assert len(slim(result, cards()).model_dump_json()) < 0.5 * len(result.model_dump_json())


def test_an_entry_that_makes_no_sense_is_one_clear_error_and_the_board_before_stays(submissions, tmp_path):
    from xkd_bench.records.findings import SubmissionError

    before = built(submissions, tmp_path / "board")
    path = submissions / "people/vanilla_kd/glue/sst2/record.json"
    record = json.loads(path.read_text())
    record["explanations"]["explainers"] = {f"{SCRIPT}": next(iter(record["explanations"]["explainers"].values()))}
    path.write_text(json.dumps(record))
    with pytest.raises(SubmissionError):
        build(submissions, tmp_path / "board", cards(), distillers.cards())
    assert site(tmp_path / "board") == before


def test_a_digest_that_is_not_there_is_none(tmp_path):
    assert Digests(tmp_path, []).entry("nobody") is None
