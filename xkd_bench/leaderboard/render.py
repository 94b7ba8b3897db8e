"""A page → the files of the site. Every text reaches HTML through autoescaping; nothing is loaded from elsewhere."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from xkd_bench.leaderboard import plot
from xkd_bench.leaderboard.cells import blocks, millions
from xkd_bench.leaderboard.page import Page

HERE = Path(__file__).parent
ASSETS = ("board.css", "board.js")
# 'self' holds for the files beside a page opened from disk (found by trying in Chromium and Firefox);
# inline scripts and styles are refused, whoever may have written them.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
)


def environment(*before: Path) -> Environment:
    """Templates with autoescape always on; a name that is not there is an error, not an empty string. before: folders
    that are looked into before our own."""
    return Environment(
        loader=FileSystemLoader([*before, HERE / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(page: Page) -> dict[str, bytes]:
    """Path inside the site → contents."""
    frame = {
        "width": plot.WIDTH,
        "height": plot.HEIGHT,
        "left": plot.LEFT,
        "right": plot.WIDTH - plot.RIGHT,
        "top": plot.TOP,
        "bottom": plot.HEIGHT - plot.BOTTOM,
    }
    html = (
        environment()
        .get_template("index.html.j2")
        .render(page=page, policy=CONTENT_SECURITY_POLICY, frame=frame, blocks=blocks, millions=millions)
    )
    files = {"index.html": html.encode()}
    for name in ASSETS:
        files[f"assets/{name}"] = (HERE / "assets" / name).read_bytes()
    return files
