"""The folder a build leaves: the same bytes each time, all or nothing, and never somebody else's files."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from synthetic import METRICS, write_board

from xkd_bench.errors import BadInputError
from xkd_bench.leaderboard import build, publish


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def submissions(tmp_path):
    return write_board(tmp_path / "submissions")


def test_a_rebuild_gives_the_same_bytes(submissions, tmp_path):
    report = build(submissions, tmp_path / "one", METRICS)
    assert (report.entries, report.tasks, report.rows, report.tracks) == (5, 3, 10, 4)
    first = contents(tmp_path / "one")
    build(submissions, tmp_path / "one", METRICS)
    build(submissions, tmp_path / "else" / "where", METRICS)
    assert first == contents(tmp_path / "one") == contents(tmp_path / "else" / "where")
    assert {path.partition("/")[0] for path in first} == {
        "BUILT.txt", "assets", "badges", "claims.html", "data", "entries", "explainers", "index.html", "methods",
        "metrics", "tasks",
    }  # fmt: skip


def test_nothing_temporary_stays_behind_and_others_may_read(submissions, tmp_path):
    build(submissions, tmp_path / "site" / "board", METRICS)
    build(submissions, tmp_path / "site" / "board", METRICS)
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["board"]
    assert (tmp_path / "site" / "board").stat().st_mode & stat.S_IRUSR
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "site" / "board").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_bad_submission_leaves_the_old_board(submissions, tmp_path):
    output = tmp_path / "board"
    build(submissions, output, METRICS)
    before = contents(output)
    (submissions / "reference/finetune/glue/cola/record.json").write_text("{}")
    with pytest.raises(BadInputError, match=r"record\.json"):
        build(submissions, output, METRICS)
    assert contents(output) == before


def test_a_build_that_breaks_while_writing_leaves_the_old_board(submissions, tmp_path, monkeypatch):
    output = tmp_path / "board"
    build(submissions, output, METRICS)
    before = contents(output)
    rename = Path.rename

    def failing(self, target):
        if self.name == "new":
            raise OSError("no space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="no space"):
        build(submissions, output, METRICS)
    assert contents(output) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["board", "submissions"]


def test_a_folder_of_other_things_is_refused(submissions, tmp_path):
    output = tmp_path / "thesis"
    output.mkdir()
    (output / "chapter.tex").write_text("years of work")
    with pytest.raises(BadInputError, match="empty folder or an earlier board"):
        build(submissions, output, METRICS)
    assert contents(output) == {"chapter.tex": b"years of work"}
    with pytest.raises(BadInputError, match="other contents"):
        build(submissions, submissions, METRICS)


def test_a_board_with_somebodys_file_in_it_is_refused(submissions, tmp_path):
    output = tmp_path / "board"
    build(submissions, output, METRICS)
    (output / "assets" / "notes.txt").write_text("mine")
    with pytest.raises(BadInputError, match=r"assets/notes\.txt"):
        build(submissions, output, METRICS)
    assert (output / "assets" / "notes.txt").read_text() == "mine"


def test_an_empty_folder_is_filled_and_a_link_or_file_is_refused(submissions, tmp_path):
    (tmp_path / "empty").mkdir()
    build(submissions, tmp_path / "empty", METRICS)
    assert (tmp_path / "empty" / "index.html").is_file()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    (tmp_path / "file").write_text("")
    for name in ("link", "file"):
        with pytest.raises(BadInputError, match="a file or a link"):
            build(submissions, tmp_path / name, METRICS)


def test_submissions_that_are_not_there_are_an_error(tmp_path):
    with pytest.raises(BadInputError, match="a folder of submissions"):
        build(tmp_path / "nowhere", tmp_path / "board", METRICS)
    assert not (tmp_path / "board").exists()


def test_the_marker_lists_what_was_built(tmp_path):
    with publish.publishing(tmp_path / "out") as edition:
        edition.write({"a/b.txt": b"x"})
    assert (tmp_path / "out" / publish.MARKER).read_text().splitlines()[1:] == ["a/b.txt"]
