"""What the board shows of robustness: whether both models flip on the same inputs, and how often each does."""

from __future__ import annotations

from pathlib import Path

import pytest
from synthetic import perturbed, record, score, write_entry

from xkd_bench.leaderboard import build
from xkd_bench.metrics.registry import cards


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("robustness")
    for name, one in {
        "good": perturbed("good", score(0.61)),
        "still": perturbed("still", score(None, "degenerate")),
        "silent": record("cola", student="silent", level=0.6, follow=0.6, teacher_level=0.8),
    }.items():
        write_entry(place / "in", f"people/{name}", [one], toml=f'name = "{name}"\nmethod = "vanilla_kd"\n')
    return build(place / "in", place / "board", cards()).page.read_text(encoding="utf-8")


def test_a_perturbation_is_a_column_with_kappa_and_flips(html: str) -> None:
    assert html.count('<div class="slices robustness">') == 1
    table = html[html.index('<div class="slices robustness">') :].split("</table>")[0]
    assert "200 examples, 3 draws" in table
    assert "Keyboard typo" in table
    assert "Words swapped" in table
    assert (
        '<span class="value">0.610</span><span class="small">[0.570, 0.650]\nflips 0.125, teacher 0.250</span>' in table
    )
    assert "drop of the score 0.080, the teacher&#39;s −0.020; 95% of the inputs changed, by 1.500 letters" in table
    assert table.count("can change the true label") == 2  # of two entries, one perturbation each
    assert "undefined: degenerate" in table.split('data-value="still"')[1]
    assert "not in this record" in table.split('data-value="silent"')[1]


def test_no_table_where_nothing_was_perturbed(tmp_path: Path) -> None:
    one = record("cola", student="silent", level=0.6, follow=0.6, teacher_level=0.8)
    write_entry(tmp_path / "in", "people/silent", [one], toml='name = "silent"\nmethod = "vanilla_kd"\n')
    assert "Robustness to perturbed" not in build(tmp_path / "in", tmp_path / "b", cards()).page.read_text()
