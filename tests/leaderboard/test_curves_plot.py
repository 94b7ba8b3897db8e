"""The picture of the curves: where lines and bands lie, what a missing value does, that no line leaves its panel."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xkd_bench.leaderboard.plots import curves
from xkd_bench.leaderboard.plots.axes import Estimate
from xkd_bench.leaderboard.plots.curves import CurvesPlot, Line, Masked, Order

LEVELS = (0, 40, 80)
ONE = Masked(
    title="LIME",
    curves={
        "most": ((0.9, 0.9, 0.9), (0.4, 0.3, 0.5), (0.2, 0.1, 0.3)),
        "random": ((0.9, 0.9, 0.9), (0.7, 0.6, 0.8), (0.5, 0.4, 0.6)),
    },
    facts=("drop 0.300 [0.200, 0.400]",),
    reason="",
    n=190,
)


def drawn(*masked: Masked, levels: tuple[int, ...] = LEVELS) -> CurvesPlot:
    picture = curves.draw("SST-2", levels, masked, across="% of the words masked", up="probability")
    assert picture is not None
    return picture


def line_of(masked: Masked, order: Order = "most", levels: tuple[int, ...] = LEVELS) -> Line:
    (panel,) = drawn(masked, levels=levels).panels
    return next(line for line in panel.lines if line.order == order)


def with_most(*points: Estimate | None) -> Masked:
    return replace(ONE, curves=ONE.curves | {"most": points})


def test_positions_by_hand() -> None:
    """0 … 80 % lies on pixels 32 … 292, so 40 % is at 162; 0 … 1 lies on 170 … 20, so 0.1 is 15 pixels."""
    picture = drawn(ONE)
    assert [(tick.at, tick.label) for tick in picture.across_ticks] == [
        ("32.0", "0"), ("97.0", "20"), ("162.0", "40"), ("227.0", "60"), ("292.0", "80"),
    ]  # fmt: skip
    assert [(tick.at, tick.label) for tick in picture.up_ticks] == [
        ("170.0", "0.0"), ("140.0", "0.2"), ("110.0", "0.4"), ("80.0", "0.6"), ("50.0", "0.8"), ("20.0", "1.0"),
    ]  # fmt: skip
    line = line_of(ONE)
    assert line.path == "M32.0 35.0L162.0 110.0L292.0 140.0"
    assert line.points == "M32.0 35.0h0M162.0 110.0h0M292.0 140.0h0"
    assert line.band == "M32.0 35.0L162.0 95.0L292.0 125.0L292.0 155.0L162.0 125.0L32.0 35.0Z"
    assert line.tooltip == "most important first: 0.900, 0.400, 0.200"


def test_the_line_that_matters_lies_on_top_and_the_legend_begins_with_it() -> None:
    full = replace(ONE, curves=dict.fromkeys(curves.WORDS, ONE.curves["most"]))
    picture = drawn(full)
    assert [line.order for line in picture.panels[0].lines] == ["random", "least", "transfer", "most"]
    assert [order for order, _ in picture.legend] == ["most", "least", "random", "transfer"]
    assert [bool(line.band) for line in picture.panels[0].lines] == [True, True, False, True]
    assert [order for order, _ in drawn(ONE).legend] == ["most", "random"]


def test_a_panel_says_its_numbers_in_words() -> None:
    assert drawn(ONE).panels[0].description == (
        "drop 0.300 [0.200, 0.400]. Left at 0, 40, 80 %: most important first: 0.900, 0.400, 0.200; "
        "in random order: 0.900, 0.700, 0.500."
    )


def test_a_line_is_not_drawn_across_a_level_without_a_value() -> None:
    levels, point = (0, 20, 40, 60, 80), (0.5, 0.4, 0.6)
    line = line_of(with_most(point, point, None, point, None), levels=levels)
    assert line.path == "M32.0 95.0L97.0 95.0"
    assert line.points == "M32.0 95.0h0M97.0 95.0h0M227.0 95.0h0"
    assert line.band == "M32.0 80.0L97.0 80.0L97.0 110.0L32.0 110.0Z"
    assert line.tooltip.endswith("0.500, 0.500, –, 0.500, –")


def test_a_point_without_an_interval_has_a_band_of_no_width() -> None:
    bare = line_of(with_most((0.5, None, None), (0.5, 0.4, 0.6), (0.5, None, None)))
    assert bare.band == "M32.0 95.0L162.0 80.0L292.0 95.0L292.0 95.0L162.0 110.0L32.0 95.0Z"


def test_an_explainer_without_values_keeps_its_panel_and_says_why() -> None:
    nothing = Masked("Attention", {"most": (None, None, None)}, (), "too few units", 0)
    picture = drawn(ONE, nothing)
    assert picture.panels[1].lines == ()
    assert picture.panels[1].missing == "undefined: too few units"
    assert picture.panels[1].description == "undefined: too few units."
    assert picture.examples == "190"
    against = replace(nothing, curves=nothing.curves | {"random": ONE.curves["random"]})
    panel = drawn(ONE, against).panels[1]
    assert [line.order for line in panel.lines] == ["random"]
    assert panel.description.startswith("undefined: too few units. Left at 0, 40, 80 %: in random order: 0.900")
    assert curves.draw("T", LEVELS, [against], across="a", up="u") is None
    assert curves.draw("T", LEVELS, [nothing], across="a", up="u") is None
    assert curves.draw("T", LEVELS, [], across="a", up="u") is None


@pytest.mark.parametrize("levels", [(), (0,), (0, 10**400), (0, 101)])
def test_what_cannot_be_a_share_of_an_input_gives_no_picture(levels: tuple[int, ...]) -> None:
    assert curves.draw("T", levels, [ONE], across="a", up="u") is None


def test_what_is_no_share_of_an_answer_is_left_out() -> None:
    line = line_of(with_most((1e308, None, None), (0.5, -1e308, 1e308), (-0.1, None, None)))
    assert line.points == "M162.0 95.0h0"
    assert line.path == line.band == ""
    assert line_of(with_most((0.5, -7.0, 9.0), (0.5, 0.4, 0.6))).band.startswith("M32.0 20.0L162.0 80.0L162.0 110.0")


def test_the_number_of_examples_is_a_range_where_explainers_differ() -> None:
    assert drawn(ONE, replace(ONE, n=1190), replace(ONE, n=200)).examples == "190 to 1,190"


SHARES = st.tuples(*[st.floats(-0.2, 1.2)] * 3).map(sorted).map(lambda found: (found[1], found[0], found[2]))
POINTS = st.one_of(st.none(), SHARES)


@given(st.lists(st.integers(1, 100), min_size=1, max_size=9, unique=True).map(sorted), st.data())
def test_nothing_leaves_the_panel_and_a_band_is_around_its_line(levels: list[int], data: st.DataObject) -> None:
    levels = [0, *levels]
    points = data.draw(st.lists(POINTS, min_size=len(levels), max_size=len(levels)))
    masked = replace(ONE, curves={"most": tuple(points)})
    picture = curves.draw("T", levels, [masked], across="a", up="u")
    inside = [point for point in points if point is not None and 0 <= point[0] <= 1]
    if picture is None:
        assert not inside
        return
    (line,) = picture.panels[0].lines
    coordinates = {name: re.findall(r"([\d.]+) ([\d.]+)", getattr(line, name)) for name in ("path", "points", "band")}
    assert len(coordinates["points"]) == len(inside)
    for x, y in [place for places in coordinates.values() for place in places]:
        assert picture.left <= float(x) <= picture.right
        assert picture.top <= float(y) <= picture.bottom
    across = [float(x) for x, _ in coordinates["points"]]
    assert all(one < other for one, other in pairwise(across))
    heights = {x: float(y) for x, y in coordinates["points"]}
    for x in {x for x, _ in coordinates["band"]}:
        upper, lower = sorted(float(y) for at, y in coordinates["band"] if at == x)
        assert upper <= heights[x] <= lower
