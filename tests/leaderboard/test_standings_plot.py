"""The picture of the scale: where its marks lie, what it leaves out, and that no name breaks it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from synthetic import SCRIPT, gate, record, score, write_entry
from test_board_alignment import CARDS, explained

from xkd_bench.leaderboard import build
from xkd_bench.leaderboard.plots import standings
from xkd_bench.leaderboard.plots.standings import Standing, StandingsPlot

ONE = Standing(
    entry="one",
    value=(0.5, 0.4, 0.6),
    reason="",
    floor=(0.1, 0.05, 0.15),
    ceiling=(0.9, 0.85, 0.95),
    random=0.25,
    weak=False,
    survives=True,
)


def drawn(*rows: tuple[str, list[Standing]]) -> StandingsPlot:
    picture = standings.draw("SST-2", "Centred cosine", rows)
    assert picture is not None
    return picture


def test_positions_by_hand() -> None:
    """0 … 1 lies on pixels 214 … 746, so 0.1 is 53.2 pixels; a row of its own is 32 high and begins at 8."""
    picture = drawn(("LIME", [ONE]))
    (lane,) = picture.lanes
    assert (lane.x, lane.x_low, lane.x_high) == ("480.0", "426.8", "533.2")
    assert (lane.floor, lane.ceiling, lane.random) == ("267.2", "692.8", "347.0")
    assert lane.band == ("267.2", "399.0")
    assert lane.edge == ("666.2", "53.2")
    assert (lane.y, lane.top, lane.bottom, lane.strip) == ("24.0", "15.0", "33.0", "18.0")
    assert [(tick.at, tick.label) for tick in picture.ticks] == [
        ("214.0", "0.0"), ("320.4", "0.2"), ("426.8", "0.4"), ("533.2", "0.6"), ("639.6", "0.8"), ("746.0", "1.0"),
    ]  # fmt: skip
    assert (picture.height, picture.alone, lane.name) == (88, "one", "")
    assert picture.shows == {"firm", "scale", "random"}


def test_several_entries_are_lanes_below_the_name_of_the_explainer() -> None:
    picture = drawn(("LIME", [ONE, replace(ONE, entry="two")]), ("Occlusion", [replace(ONE, entry="two")]))
    assert [[lane.name for lane in row.lanes] for row in picture.rows] == [["one", "two"], ["two"]]
    assert [[lane.y for lane in row.lanes] for row in picture.rows] == [["37.5", "56.5"], ["102.5"]]
    assert [(row.rule_y, row.title_y) for row in picture.rows] == [("8.0", "20.0"), ("73.0", "85.0")]
    assert picture.alone == ""


def test_the_axis_begins_at_the_lowest_thing_drawn_and_its_ticks_stay_round() -> None:
    picture = drawn(("LIME", [replace(ONE, random=-0.3)]))
    assert picture.lanes[0].random == "214.0"
    assert picture.lanes[0].x == "541.4"  # 214 + 532 · 0.8 / 1.3
    assert [tick.label for tick in picture.ticks] == ["−0.2", "0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert drawn(("LIME", [replace(ONE, value=(0.0, -0.5, 0.2))])).lanes[0].x_low == "214.0"


def test_without_retrained_teachers_only_the_tick_of_chance_is_drawn() -> None:
    picture = drawn(("LIME", [replace(ONE, ceiling=None, random=None)]))
    (lane,) = picture.lanes
    assert (lane.band, lane.edge, lane.ceiling, lane.random) == (None, None, "", "")
    assert lane.floor == "267.2"
    assert picture.shows == {"firm", "chance alone"}
    assert "retrained teachers" not in picture.description
    bare = drawn(("LIME", [replace(ONE, floor=None, ceiling=None, random=None)]))
    assert bare.shows == {"firm"}


def test_a_ceiling_below_chance_has_no_band() -> None:
    (lane,) = drawn(("Random", [replace(ONE, ceiling=(0.05, None, None))])).lanes
    assert (lane.band, lane.edge) == (None, None)
    assert (lane.floor, lane.ceiling) == ("267.2", "240.6")


def test_an_undefined_value_keeps_its_lane_and_says_why() -> None:
    nothing = replace(ONE, entry="two", value=None, reason="too few units")
    picture = drawn(("LIME", [ONE, nothing]))
    lane = picture.lanes[1]
    assert (lane.x, lane.missing, lane.missing_x) == ("", "undefined: too few units", "357.0")  # 10 after the diamond
    assert lane.band is not None
    assert "two, LIME: undefined, too few units; chance 0.100" in picture.description
    assert standings.draw("SST-2", "Centred cosine", [("LIME", [nothing])]) is None
    assert standings.draw("SST-2", "Centred cosine", [("LIME", [])]) is None


def test_what_is_no_cosine_does_not_flatten_the_picture() -> None:
    beyond = replace(ONE, entry="two", value=(1e308, -1e308, 1e308), random=-7.0)
    wide = replace(ONE, value=(0.98, -1e308, 1e308))
    picture = drawn(("LIME", [wide, beyond]))
    assert (picture.lanes[0].x_low, picture.lanes[0].x_high) == ("214.0", "746.0")  # −1 and 1
    assert (picture.lanes[1].x, picture.lanes[1].missing) == ("", "not between −1 and 1")
    assert picture.lanes[1].random == ""


def test_long_names_are_shortened() -> None:
    picture = drawn(("explainer " * 9, [replace(ONE, entry="name " * 9), ONE]))
    assert len(picture.rows[0].title) == standings.LONGEST_TITLE
    assert picture.lanes[0].name == "name name name name name …"


def page(place: Path, entries: dict[str, dict[str, Any]]) -> str:
    for number, (name, one) in enumerate(entries.items()):
        toml = f'name = "{name}"\nmethod = "vanilla_kd"\n'
        write_entry(place / "submissions", f"people/entry-{number}", [one], toml=toml)
    return build(place / "submissions", place / "board", CARDS).page.read_text(encoding="utf-8")


def figure(html: str) -> str:
    start = html.index('<figure class="plot of-reasons">')
    return html[start : html.index("</figure>", start) + len("</figure>")]


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    weak = explained("weak", 0.3, 0.2)
    weak["gate"]["student"] = gate("weak", reason="flat", low=-0.1)
    undefined = explained("undefined", 0.6, 0.5)
    undefined["scores"]["centred_cosine.lime"] = score(None, "too_few_units")
    entries = {
        "kept": explained("kept", 0.71, 0.76),
        "fooled": explained("fooled", 0.66, None, survives=False),
        SCRIPT: weak,
        "undefined & more": undefined,
        "silent": record("sst2", student="silent", level=0.6, follow=0.6, teacher_level=0.8),
    }
    return page(tmp_path_factory.mktemp("pictures"), entries)


def test_the_picture_stands_below_the_table_with_a_row_for_each_explainer(html: str) -> None:
    assert html.index('<div class="slices alignment">') < html.index("of-reasons") < html.index('id="entries"')
    found = figure(html)
    assert re.findall(r'<text class="explainer"[^>]*>([^<]*)<', found) == ["LIME", "LIME, words masked", "somebodys"]
    assert "silent" not in found
    assert found.count("<title>") == 3 * 4
    assert "– undefined: too few units</text>" in found


def test_marks_differ_in_shape_and_the_legend_has_the_ones_that_occur(html: str) -> None:
    found = figure(html)
    legend, picture = found.split("</ul>")
    assert picture.count('<path class="cross"') == 1  # LIME with masked words, of `fooled`
    assert "fooled (does not survive the other fill), LIME, words masked: 0.660 [0.620, 0.700]" in picture
    assert picture.count('<g class="mark weak">') == 3
    assert picture.count('<path class="random"') == 12
    assert picture.count('<rect class="band"') == 9  # `fooled` has no retrained teachers
    assert re.findall(r"</svg> ([^<]*)</li>", legend) == [
        "student, with its 95 % interval",
        "student, weak",
        "does not survive the other fill",
        "from chance to retrained teachers",
        "chance, where no teacher was retrained",
        "student with random weights",
    ]
    assert "A cross:" in found


def test_marks_that_do_not_occur_are_not_explained(tmp_path: Path) -> None:
    found = figure(page(tmp_path / "with", {"alone": explained("alone", 0.71, 0.76)}))
    assert re.findall(r"</svg> ([^<]*)</li>", found) == [
        "alone",
        "from chance to retrained teachers",
        "student with random weights",
    ]
    assert "A cross:" not in found
    assert "A band runs from chance" in found
    without = figure(page(tmp_path / "without", {"alone": explained("alone", 0.71, None)}))
    assert "A band" not in without
    assert "The tick is chance" in without


def test_the_picture_is_well_formed_named_and_harmless(html: str) -> None:
    found = figure(html)
    assert SCRIPT not in html
    assert "&lt;script&gt;" in found
    assert not re.search(r"<script|\sstyle=|\son[a-z]+=", found)
    whole = ElementTree.fromstring(found)
    (picture,) = (one for one in whole.iter("svg") if one.get("role") == "img")
    ids = {one.get("id"): one.tag for one in picture if one.get("id")}
    assert [ids[name] for name in picture.attrib["aria-labelledby"].split()] == ["title", "desc"]
    described = picture.findtext("desc") or ""
    assert "kept, LIME: 0.710 [0.670, 0.750]; chance 0.120 [0.080, 0.160]; retrained teachers 0.900" in described
    assert html.count('id="' + picture.attrib["aria-labelledby"].split()[0] + '"') == 1


def test_a_rebuild_gives_the_same_bytes(tmp_path: Path) -> None:
    entries = {"kept": explained("kept", 0.71, 0.76), "fooled": explained("fooled", 0.66, None, survives=False)}
    assert page(tmp_path / "one", entries) == page(tmp_path / "two", entries)
    again = build(tmp_path / "one" / "submissions", tmp_path / "one" / "board", CARDS).page
    assert again.read_bytes() == (tmp_path / "two" / "board" / "index.html").read_bytes()


def test_without_explanations_there_is_no_picture(tmp_path: Path) -> None:
    silent = record("sst2", student="silent", level=0.6, follow=0.6, teacher_level=0.8)
    assert "of-reasons" not in page(tmp_path, {"silent": silent})
