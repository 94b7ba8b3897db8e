"""The demo leaves a board, records that pass the check, and says the three lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from xkd_bench.demo import run
from xkd_bench.engine.check import check_submission
from xkd_bench.errors import BadInputError


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "demo"
    run(folder)
    return folder


def test_the_demo_leaves_a_board_and_records_in_order(finished: Path) -> None:
    assert (finished / "leaderboard" / "index.html").stat().st_size > 1000
    for method in ("finetune", "vanilla_kd"):
        assert len(check_submission(finished / "submissions" / method).or_raise().tasks) == 2


def test_its_teachers_pass_their_gates_and_its_students_say_something(finished: Path) -> None:
    from xkd_bench.records.submission import read_submission

    for path in sorted((finished / "submissions").rglob("submission.toml")):
        submission = read_submission(path.parent)
        for entry in submission.tasks.values():
            assert entry.result.gate["teacher"].status == "valid"
            assert entry.result.gate["student"].status == "valid"
            kappa = entry.result.scores["kappa"].value
            assert kappa is not None
            assert 0.2 < kappa < 1


def test_again_it_trains_nothing_and_says_the_same(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(finished)
    output = capsys.readouterr().out
    assert "training a teacher" not in output
    assert [line for line in output.splitlines() if line.strip().startswith(("1.", "2.", "3."))]
    assert str(finished / "leaderboard" / "index.html") in output


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(BadInputError, match="a folder with other files"):
        run(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
