"""HTML pages of one file each.

Such a page loads nothing: its style sheet is inside, named by its hash in the page's own policy, and no style stands at
an element, so that no text can bring one. Every text reaches HTML through autoescaping.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from xkd_bench import __version__
from xkd_bench.leaderboard import render as board
from xkd_bench.records.files import disk_errors, write_whole

HERE = Path(__file__).parent / "templates"
BOARD_STYLE = board.HERE / "assets" / "board.css"


def render(template: str, styles: Sequence[str] = (), *, images: bool = False, **given: object) -> str:
    """A template that extends `standalone.html.j2`, as text. styles: files that add to the board's style sheet; images:
    whether the page holds some, as data. The board's templates are there to include."""
    style = "".join(path.read_text(encoding="utf-8") for path in (BOARD_STYLE, *(HERE / name for name in styles)))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    allowed = "img-src data:; " if images else ""
    return (
        board.environment(HERE)
        .get_template(template)
        .render(
            **given,
            style=style,
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; {allowed}base-uri 'none'; form-action 'none'",
            version=__version__,
        )
    )


def write(path: Path, page: str, kept: str) -> None:
    """Write the page, whole or not at all; `kept` says what a full disk does not take."""
    with disk_errors(path, kept):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, page)
