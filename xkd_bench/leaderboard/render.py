"""A template and what it shows → a page. Every text reaches HTML through autoescaping; no page loads from elsewhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from xkd_bench.leaderboard.cells import blocks, millions
from xkd_bench.leaderboard.pages.reference import FOLDERS, TITLES
from xkd_bench.leaderboard.plots import headline

HERE = Path(__file__).parent
ASSETS = ("board.css", "board.js")
# 'self' holds for the files beside a page opened from disk (found by trying in Chromium and Firefox);
# inline scripts and styles are refused, whoever may have written them.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
)

FRAME = {
    "width": headline.WIDTH,
    "height": headline.HEIGHT,
    "left": headline.LEFT,
    "right": headline.WIDTH - headline.RIGHT,
    "top": headline.TOP,
    "bottom": headline.HEIGHT - headline.BOTTOM,
}


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


@cache
def _templates() -> Environment:
    """With what every page shares."""
    found = environment()
    lists = {kind: (TITLES[kind], FOLDERS[kind]) for kind in FOLDERS}
    found.globals.update(
        policy=CONTENT_SECURITY_POLICY,
        blocks=blocks,
        millions=millions,
        kinds=lists,
        frame=FRAME,
        site_pages=[
            ("index.html", "The board"),
            ("claims.html", "Claims"),
            *((f"{folder}/index.html", title) for title, folder in lists.values()),
            ("data/entries.bib", "Citations"),
        ],
    )
    return found


def page(template: str, path: str, **values: object) -> bytes:
    """A page of the site; `root` leads from its folder to the site's."""
    return _templates().get_template(template).render(root="../" * path.count("/"), **values).encode()


def assets() -> dict[str, bytes]:
    return {f"assets/{name}": (HERE / "assets" / name).read_bytes() for name in ASSETS}
