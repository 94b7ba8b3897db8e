"""A site → its files. Every text reaches HTML through autoescaping; nothing is loaded from elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from xkd_bench.leaderboard import plot
from xkd_bench.leaderboard.cells import blocks, millions
from xkd_bench.leaderboard.reference_pages import FOLDERS, TITLES
from xkd_bench.leaderboard.site import Site

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


def render(site: Site) -> dict[str, bytes]:
    """Path inside the site → contents."""
    frame = {
        "width": plot.WIDTH,
        "height": plot.HEIGHT,
        "left": plot.LEFT,
        "right": plot.WIDTH - plot.RIGHT,
        "top": plot.TOP,
        "bottom": plot.HEIGHT - plot.BOTTOM,
    }
    templates = environment()
    lists = {kind: (TITLES[kind], FOLDERS[kind]) for kind in FOLDERS}
    templates.globals.update(
        policy=CONTENT_SECURITY_POLICY,
        blocks=blocks,
        millions=millions,
        kinds=lists,
        entry_paths=site.entry_paths,
        site_pages=[
            ("index.html", "The board"),
            *((f"{folder}/index.html", title) for title, folder in lists.values()),
            ("data/entries.bib", "Citations"),
        ],
    )
    files = {"index.html": _page(templates, "index.html.j2", "", page=site.board, frame=frame)}
    for section in site.board.sections:
        paths = [path for path, _ in section.pages]
        for path, tables in section.pages:
            shown = replace(section, tables=tables)
            values = {"page": site.board, "section": shown, "paths": paths, "own": path, "frame": frame}
            files[path] = _page(templates, "board.html.j2", path, **values)
    for entry in site.entries:
        files[entry.page.path] = _page(templates, "entry.html.j2", entry.page.path, own=entry, entry=entry.page)
    for one in site.explorers:
        files[one.path] = _page(templates, "explorer.html.j2", one.path, explorer=one)
    for card in site.cards:
        files[card.path] = _page(templates, "card.html.j2", card.path, card=card)
    for kind, (title, folder) in lists.items():
        items = [(card.path, card.title, card.summary) for card in site.cards if card.kind == kind]
        path = f"{folder}/index.html"
        files[path] = _page(templates, "list.html.j2", path, title=title, items=items)
    for name in ASSETS:
        files[f"assets/{name}"] = (HERE / "assets" / name).read_bytes()
    return {**files, **site.files}


def _page(templates: Environment, template: str, path: str, **values: object) -> bytes:
    """A page; root leads from its folder to the site's."""
    return templates.get_template(template).render(root="../" * path.count("/"), **values).encode()
