"""The curves on the board: one picture an entry, below the table of its track, harmless and readable without colour."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from synthetic import SCRIPT, curve, masked, record, score, write_entry

from xkd_bench.leaderboard import build
from xkd_bench.leaderboard.tables.curves import curves_plot
from xkd_bench.metrics.registry import cards
from xkd_bench.records.schema import TaskResult

KEYS = ("random", "lime", "somebody <b>")


def page(place: Path, entries: dict[str, dict[str, Any]]) -> str:
    for number, (name, one) in enumerate(entries.items()):
        toml = f'name = "{name}"\nmethod = "vanilla_kd"\n'
        write_entry(place / "submissions", f"people/entry-{number}", [one], toml=toml)
    return build(place / "submissions", place / "board", cards()).page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    entries = {
        SCRIPT: masked("good", 0.41, score(0.93), keys=KEYS),
        "lost & found": masked("lost", 0.01, score(None, "unfaithful"), keys=KEYS),
        "silent": record("sst2", student="silent", level=0.6, follow=0.6, teacher_level=0.8),
    }
    return page(tmp_path_factory.mktemp("curves"), entries)


def figures(html: str) -> list[str]:
    return re.findall(r'<figure class="plot curves".*?</figure>', html, flags=re.DOTALL)


def test_every_entry_with_faithfulness_has_its_curves_below_the_table(html: str) -> None:
    table = html.index('<div class="slices faithfulness">')
    places = [found.start() for found in re.finditer('<details class="of-masking">', html)]
    assert len(places) == len(figures(html)) == 2, "several entries: all closed"
    assert table < html.index("</table>", table) < places[0] < places[1] < html.index('id="entries"')
    assert "<summary>Curves of lost &amp; found</summary>" in html


def test_an_entry_alone_is_shown_open(tmp_path: Path) -> None:
    assert '<details class="of-masking" open>' in page(tmp_path, {"alone": masked("alone", 0.41, score(0.93))})


def test_panels_are_in_reading_order_with_drop_kept_and_transfer_ratio(html: str) -> None:
    good, lost = figures(html)
    assert re.findall(r"<p><strong>([^<]*)<", good) == ["LIME", "somebody &lt;b&gt;", "Random scores"]
    facts = re.findall(r"<span>([^<]*)</span>", good)
    own = ["drop 0.410 [0.370, 0.450]", "kept 0.110 [0.070, 0.150]", "transfer ratio 0.93 [0.89, 0.97]"]
    assert facts == own * 3
    assert lost.count("no transfer ratio: unfaithful") == 3 * 2, "in the panel, and for those who do not see it"


def test_the_teacher_s_explanation_is_a_dashed_line_of_its_own(html: str) -> None:
    """40 % is at 162 of 32 … 292, and 0.55 at 87.5 of 170 … 20."""
    good = figures(html)[0]
    transfer = re.findall(r'<g class="curve transfer"><title>([^<]*)</title><path d="([^"]*)"/>', good)
    assert transfer == [
        (
            "by the teacher’s explanation, most important first: 0.900, 0.550, 0.300",
            "M32.0 35.0L162.0 87.5L292.0 125.0",
        )
    ] * 3  # fmt: skip
    style = Path(build.__code__.co_filename).with_name("assets").joinpath("board.css").read_text()
    assert "stroke-dasharray" in style[style.index(".curve.transfer path") :].split("}")[0]
    assert "stroke-dasharray" in style[style.index(".curve.random path") :].split("}")[0]
    assert "square" in style[style.index(".curve.least .points") :].split("}")[0]


def test_a_picture_is_well_formed_named_and_harmless(html: str) -> None:
    assert SCRIPT not in html
    assert "somebody <b>" not in html
    assert not re.search(r"\sstyle=|\son[a-z]+=", html)
    for found in figures(html):
        whole = ElementTree.fromstring(found)
        pictures = [one for one in whole.iter("svg") if one.get("role") == "img"]
        assert len(pictures) == 3
        for picture in pictures:
            ids = {one.get("id"): one.tag for one in picture if one.get("id")}
            assert [ids[name] for name in picture.attrib["aria-labelledby"].split()] == ["title", "desc"]
            assert "Left at 0, 40, 80 %: most important first: 0.900, 0.400, 0.200" in (picture.findtext("desc") or "")
        frame = next(one.attrib["id"] for one in whole.iter("g") if one.get("class") == "frame")
        assert [one.attrib["href"] for one in whole.iter("use")] == [f"#{frame}"] * 2
    every = re.findall(r'\sid="([^"]*)"', html)
    assert len(every) == len(set(every))


def test_the_caption_has_n_and_warns_of_comparing_models(html: str) -> None:
    for found in figures(html):
        caption = " ".join(found[found.index("<figcaption>") :].split())
        assert "over the 190 explained examples" in caption
        assert "Never compare the curves of two models" in caption


def test_missing_values_and_missing_parts_break_nothing(tmp_path: Path) -> None:
    one = masked("holes", 0.4, score(0.9), keys=("lime", "occlusion", "attention"))
    found = one["faithfulness"]["found"]
    found["student"]["lime"] = {"curves": {"probability": {"most": curve(0.9, None, 0.2)}}, "scores": {}}
    found["student"]["occlusion"]["curves"]["probability"] = {
        "most": curve(None, None, None),
        "random": curve(0.9, 0.65, 0.4),
    }
    found["transfer"] = {}
    one["faithfulness"]["transfer_ratios"] = {}
    (figure,) = figures(page(tmp_path, {"holes": one}))
    assert figure.count("<p><strong>") == 3
    assert "– undefined: not measured</text>" in figure
    assert "transfer" not in figure
    assert "None" not in figure


def test_no_value_at_all_is_no_picture_and_still_a_table(tmp_path: Path) -> None:
    one = masked("empty", 0.4, score(0.9))
    one["faithfulness"]["found"]["student"]["lime"]["curves"] = {"probability": {"most": curve(None, None, None)}}
    one["faithfulness"]["found"]["transfer"] = {}
    html = page(tmp_path, {"empty": one})
    assert figures(html) == []
    assert "of-masking" not in html
    assert "Faithfulness of the explanations" in html


def test_words_and_patches_are_called_so() -> None:
    def across(grid: object) -> str:
        one = masked("m", 0.4, score(0.9))
        table = {"name": "explanations.parquet", "sha256": "sha256:" + "0" * 64, "rows": 200}
        rest = {"retrained_teachers": [], "random_student_examples": 0, "explainers": {}, "fills": {}}
        one["explanations"] = {"table": table, "grid": grid, **rest}
        picture = curves_plot("m", TaskResult.model_validate(one))
        assert picture is not None
        return picture.across_title

    assert across(None) == "% of the words masked"
    assert across((4, 4)) == "% of the patches masked"


def test_a_rebuild_gives_the_same_bytes(tmp_path: Path) -> None:
    entries = {"one": masked("one", 0.41, score(0.93), keys=KEYS), "two": masked("two", 0.2, score(0.5), keys=KEYS)}
    assert page(tmp_path / "one", entries) == page(tmp_path / "two", entries)
