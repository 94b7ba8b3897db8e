"""The page of claims, its strips and its overview: cases by hand, and what must hold whatever was measured."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xkd_bench.leaderboard.pages.claims import claims_page
from xkd_bench.leaderboard.plots.claims import HEIGHT, SIDE, WIDTH, strips
from xkd_bench.metrics.registry import cards
from xkd_bench.tasks.claims import claims_of_papers
from xkd_bench.verdicts.claims import ClaimCell, ClaimVerdict

shares = st.lists(st.floats(-1, 1), min_size=1, max_size=4).map(tuple)


def cell(own: tuple[float, ...], other: tuple[float, ...], low: float | None, high: float | None) -> ClaimCell:
    return ClaimCell("glue/cola", "CoLA", "kappa", own, other, 0.1, low, high)


def test_a_case_by_hand() -> None:
    """Means .5 and .6: seeds lie at 0, .2 and −.1, .1 from .5; from −.1 to .2 the axis is 208 pixels long."""
    found = strips([cell((0.5, 0.7), (0.4, 0.6), 0.0, 0.2), ClaimCell("glue/sst2", "SST-2", "kappa")], None)
    assert found is not None
    assert [tick.label for tick in found.ticks] == ["−0.10", "0.00", "0.10", "0.20"]
    assert found.nothing == f"{SIDE + 208 / 3:.1f}" == "85.3"
    row, nothing = found.rows
    assert nothing is None
    assert row is not None
    assert row.own == ("85.3", "224.0")
    assert row.others == ("16.0", "154.7")
    assert row.line == ("85.3", "224.0")
    assert row.at == "154.7"
    assert found.band is None


def test_what_is_too_small_to_matter_is_shaded_around_nothing() -> None:
    """From −.05 to .05 on an axis from −.06 to .06, in steps of .02."""
    found = strips([cell((0.5,), (0.5,), -0.01, 0.01)], 0.05)
    assert found is not None
    assert found.band == ("33.3", "173.3")


def test_nothing_measured_is_no_picture() -> None:
    assert strips([ClaimCell("glue/cola", "CoLA", "kappa")], 0.1) is None
    assert strips([], None) is None


@given(own=shares, other=shares, ends=st.tuples(st.floats(-100, 0), st.floats(0, 100)), margin=st.none() | st.just(0.1))
def test_everything_lies_on_the_axis(
    own: tuple[float, ...], other: tuple[float, ...], ends: tuple[float, float], margin: float | None
) -> None:
    """However wide an interval, the seeds keep at least a third of the axis (.1 of it where they are nearly one)."""
    found = strips([cell(own, other, *ends)], margin)
    assert found is not None
    (row,) = found.rows
    assert row is not None
    assert row.line is not None
    xs = [float(x) for x in (*row.own, *row.others, *row.line, row.at, found.nothing)]
    assert all(SIDE <= x <= WIDTH - SIDE for x in xs)
    assert float(row.line[0]) <= float(row.line[1])
    assert found.height == HEIGHT
    assert any(tick.label.strip("0.−") == "" for tick in found.ticks), "nothing has a tick"


@pytest.mark.parametrize(
    ("p_value", "told"), [(0.0, "< 0.001"), (0.0004, "< 0.001"), (0.0006, "0.001"), (1.0, "1.000")]
)
def test_a_small_p_value_is_not_said_to_be_nothing(p_value: float, told: str) -> None:
    paper = claims_of_papers()[0]
    claim = next(one for one in paper.claims if one.is_tested)
    seen = replace(cell((0.5,), (0.4,), 0.0, 0.2), p_value=p_value)
    page = claims_page([ClaimVerdict(paper, claim, "cannot be told", "", (seen,))], cards())
    assert page.papers[0].claims[0].lines[0].p_value == told


def test_the_overview_counts_outcomes_by_task_and_leaves_out_what_was_not_measured() -> None:
    """By hand: SST-2 has two scores for and one untold, CoLA one against and one without any value, MRPC no value."""
    measured, empty = cell((0.5,), (0.4,), 0.0, 0.2), ClaimCell("glue/x", "", "kappa")
    cells = (
        replace(measured, title="SST-2", outcome="supported"),
        replace(measured, title="SST-2", outcome="cannot be told"),
        replace(measured, title="SST-2", outcome="supported"),
        replace(measured, title="CoLA", outcome="contradicted"),
        replace(empty, title="CoLA"),
        replace(empty, title="MRPC"),
    )
    paper = claims_of_papers()[0]
    tested = next(one for one in paper.claims if one.is_tested)
    untested = next(one for one in paper.claims if not one.is_tested)
    page = claims_page(
        [
            ClaimVerdict(paper, tested, "cannot be told", "", cells),
            ClaimVerdict(paper, untested, "not testable here", ""),
        ],
        cards(),
    )
    assert page.tasks == ("SST-2", "CoLA", "MRPC")
    first, second = page.papers[0].claims
    assert first.told == ((("✓", "supported", 2), ("?", "cannot be told", 1)), (("✗", "contradicted", 1),), ())
    assert second.told == ((), (), ())
