"""Example by example: the four corners are counted right, what may be shown is shown, and nothing else."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import pearsonr
from test_board_contents import Document

from xkd_bench.leaderboard import build
from xkd_bench.metrics.registry import cards
from xkd_bench.records.examples_table import read_examples
from xkd_bench.records.explanations_table import read_explanations

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def submissions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One committed entry with words and with patches."""
    folder = tmp_path_factory.mktemp("explorer") / "submissions"
    shutil.copytree(ROOT / "submissions" / "reference" / "finetune", folder / "one")
    return folder


@pytest.fixture(scope="module")
def site(submissions: Path) -> Path:
    return build(submissions, submissions.parent / "site", cards()).page.parent


def corners(html: str) -> list[int]:
    return [int(count) for count in re.findall(r'<td><a href="#[a-z-]+"><b>(\d+)</b>', html)]


def test_the_corners_hold_every_explained_example(site: Path, submissions: Path) -> None:
    html = (site / "entries" / "one--glue-sst2.html").read_text()
    folder = submissions / "one" / "glue" / "sst2"
    table, explained = (
        read_examples(folder / "examples.parquet", "classification", 2),
        read_explanations(folder / "explanations.parquet"),
    )
    assert table.teacher is not None
    place = {one: row for row, one in enumerate(table.labels.example_ids)}
    vectors = explained.explainers["lime"].vectors
    counts = {(alike, same): 0 for alike in (True, False) for same in (True, False)}
    for row, example_id in enumerate(explained.example_ids):
        theirs, ours = (table.teacher.logits[place[example_id]], table.student.logits[place[example_id]])
        cosine = pearsonr(vectors["teacher"].steps[row], vectors["student"].steps[row]).statistic
        counts[theirs.argmax() == ours.argmax(), bool(cosine >= 0.5)] += 1
    assert corners(html) == [counts[True, True], counts[True, False], counts[False, True], counts[False, False]]
    assert sum(corners(html)) == 200


def test_boxes_stand_for_words_that_may_not_be_published(site: Path) -> None:
    document = Document((site / "entries" / "one--glue-sst2.html").read_text())
    assert "may not be published" in document.text
    units = [attributes for tag, attributes in document.tags if tag == "i"]
    assert units
    assert {one["class"] for one in units} <= {*"za", *(f"{side}{level}" for side in "pn" for level in range(1, 5))}
    html = (site / "entries" / "one--glue-sst2.html").read_text()
    assert set(re.findall(r"<i [^>]*>([^<]*)</i>", html)) == {"\u00a0"}
    assert sum(one["class"] in ("p4", "n4") for one in units) > 0


def test_patches_are_drawn_side_by_side(site: Path) -> None:
    html = (site / "entries" / "one--cifar-cifar10.html").read_text()
    grids = re.findall(r'<svg class="grid" viewBox="0 0 8 8".*?</svg>', html, flags=re.DOTALL)
    examples = html.count('<li id="')
    assert examples > 12
    assert len(grids) == 2 * examples
    assert all(grid.count("<rect") == 64 for grid in grids)


def test_the_words_stand_there_in_a_board_with_the_data(submissions: Path, real_data: Path, tmp_path: Path) -> None:
    build(submissions, tmp_path / "own", cards(), data_root=real_data)
    html = (tmp_path / "own" / "entries" / "one--glue-sst2.html").read_text()
    assert "may not be published" not in html
    words = re.findall(r"<i [^>]*>([^<]*)</i>", html)
    assert "film" in words
    assert "\u00a0" not in words


def test_so_do_the_pictures(site: Path, submissions: Path, real_data: Path, tmp_path: Path) -> None:
    assert not list(site.rglob("*.png"))
    build(submissions, tmp_path / "own", cards(), data_root=real_data)
    html = (tmp_path / "own/entries/one--cifar-cifar10.html").read_text()
    assert "may not be published" not in html
    pictures = re.findall(r'<img class="shown" src="\.\./([^"]+)"', html)
    assert len(pictures) == html.count('<li id="')
    assert {Image.open(tmp_path / "own" / one).size for one in pictures} == {(32, 32)}


def test_examples_can_be_linked_to(site: Path) -> None:
    html = (site / "entries" / "one--glue-sst2.html").read_text()
    anchors = re.findall(r'<li id="([a-z0-9-]+)">', html)
    assert len(set(anchors)) == len(anchors)
    assert all(f'href="#{anchor}"' in html for anchor in anchors)
    shown = [float(value.replace("−", "-")) for value in re.findall(r"cosine ([−\d.]+)", html)][1:]
    assert np.all(np.abs(shown) <= 1)
