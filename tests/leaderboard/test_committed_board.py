"""The committed `leaderboard/` is what the committed `submissions/` give."""

from __future__ import annotations

import re
from collections import Counter
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


def test_the_first_page_counts_the_verdicts_of_the_page_of_claims() -> None:
    claims = (ROOT / "leaderboard" / "claims.html").read_text(encoding="utf-8")
    verdicts = Counter(re.findall(r"<h3 id=.*?</span>([a-z ,]+)</span>", claims))
    first = (ROOT / "leaderboard" / "index.html").read_text(encoding="utf-8")
    line = re.search(r'<a href="claims.html">What papers claim</a>: (.*)</p>', first)
    assert line is not None
    told = {kind.strip(): int(count) for count, kind in re.findall(r"<b>(\d+)</b> ([a-z ,]+)", line[1])}
    assert {kind: count for kind, count in told.items() if count} == verdicts
    overview = claims[claims.index('<table class="models overview">') : claims.index("</table>")]
    assert Counter(re.findall(r'<span class="tag verdict">.*?</span>([a-z ,]+)</span>', overview)) == verdicts


def test_the_readme_says_what_the_page_of_claims_says() -> None:
    """Each verdict and each difference with its interval, as they stand there."""
    claims = (ROOT / "leaderboard" / "claims.html").read_text(encoding="utf-8")
    sections = dict(re.findall(r'<h3 id="([a-zA-Z-]+)">(.*?)</section>', claims, re.DOTALL))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| \[.*?\]\(leaderboard/claims\.html#([a-zA-Z-]+)\) \| (.*?) \| (.*?) \|$", readme, re.MULTILINE
    )
    assert len(rows) >= 6
    for name, verdict, numbers in rows:
        assert f"</span>{verdict.strip('*')}</span>" in sections[name], name
        seen = re.findall(r'<td class="apart">([^<>]+)<span class="small">(\[[^<>]+\])</span>', sections[name])
        told = re.findall(r"([+−]?\d\.\d{3}) (\[[^\]]+\])", numbers)
        assert told, name
        assert set(told) <= set(seen), name
