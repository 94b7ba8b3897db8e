"""Which pages the committed board has."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


BOARD = ROOT / "leaderboard"


def kinds_of_page() -> list[str]:
    """One page of each kind, as far as the board has one."""
    patterns = {
        "index.html": None,
        "entries/*--glue-*.html": None,
        "entries/*--cifar-*.html": None,
        "entries/reference-finetune.html": None,
        "boards/glue-*.html": None,
        "tasks/glue-sst2.html": None,
        "metrics/kappa.html": None,
        "methods/ad_kd.html": None,
        "explainers/lime.html": None,
        "methods/index.html": None,
        "claims.html": None,
    }
    found = [sorted(BOARD.glob(pattern)) for pattern in patterns]
    return [places[0].relative_to(BOARD).as_posix() for places in found if places]


def pages_below(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.html"))]
