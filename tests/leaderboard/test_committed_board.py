"""The committed `leaderboard/` is what the committed `submissions/` give."""

from __future__ import annotations

from pathlib import Path

from xkd_bench import leaderboard
from xkd_bench.distillers import registry as distillers
from xkd_bench.metrics.registry import cards

ROOT = Path(__file__).resolve().parents[2]


def test_the_committed_board_is_up_to_date(tmp_path: Path) -> None:
    """Mend with `xkd-bench leaderboard build`."""
    leaderboard.build(ROOT / "submissions", tmp_path / "board", cards(), distillers.cards())
    built = {
        path.relative_to(tmp_path / "board"): path.read_bytes()
        for path in (tmp_path / "board").rglob("*")
        if path.is_file()
    }
    committed = {
        path.relative_to(ROOT / "leaderboard"): path.read_bytes()
        for path in (ROOT / "leaderboard").rglob("*")
        if path.is_file()
    }
    assert built == committed
