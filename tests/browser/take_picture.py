"""The README's picture, of the committed board: `python tests/browser/take_picture.py` writes .github/board.png."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
FIRST_SEEN = 'section[data-task="CoLA"]'
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main() -> None:
    target = ROOT / ".github" / "board.png"
    target.parent.mkdir(exist_ok=True)
    with sync_playwright() as library:
        browser = library.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 1000}, color_scheme="light")
        page.goto((ROOT / "leaderboard" / "index.html").as_uri())
        page.evaluate(f"document.querySelector({FIRST_SEEN!r}).scrollIntoView({{ behavior: 'instant' }})")
        page.screenshot(path=target)
        browser.close()


if __name__ == "__main__":
    main()
