"""What the board shows of faithfulness: the drop of each explainer, what is transferred, and why there is no ratio."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from synthetic import masked, record, score, write_entry

from xkd_bench.leaderboard import build
from xkd_bench.metrics.registry import cards


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("faithfulness")
    for name, one in {
        "good": masked("good", 0.41, score(0.93)),
        "lost": masked("lost", 0.01, score(None, "unfaithful")),
        "silent": record("sst2", student="silent", level=0.6, follow=0.6, teacher_level=0.8),
    }.items():
        write_entry(place / "in", f"people/{name}", [one], toml=f'name = "{name}"\nmethod = "vanilla_kd"\n')
    return build(place / "in", place / "board", cards()).page.read_text(encoding="utf-8")


def test_an_explainer_is_a_column_with_drop_and_transfer(html: str) -> None:
    assert html.count('<div class="slices faithfulness">') == 1
    table = html[html.index('<div class="slices faithfulness">') :].split("</table>")[0]
    assert '<span class="value">0.410</span><span class="small">[0.370, 0.450]\n93% transferred</span>' in table
    assert "kept, least first 0.110; the teacher&#39;s drop on itself 0.520" in table
    assert "the teacher&#39;s explanation on the student −0.200; transfer ratio [0.890, 0.970]" in table
    lost = re.split('data-value="lost"', table)[1]
    assert "transfer undefined" in lost
    assert "no transfer ratio: the student&#39;s own explanation is no better than random masking" in lost
    silent = re.split('data-value="silent"', table)[1]
    assert "not in this record" in silent
    assert "for want of a metric card: transfer" not in html


def test_no_table_where_nothing_was_masked(tmp_path: Path) -> None:
    one = record("sst2", student="silent", level=0.6, follow=0.6, teacher_level=0.8)
    write_entry(tmp_path / "in", "people/silent", [one], toml='name = "silent"\nmethod = "vanilla_kd"\n')
    assert "Faithfulness of the explanations" not in build(tmp_path / "in", tmp_path / "b", cards()).page.read_text()
