"""What the board shows of explanations: a value an explainer, its place on the scale, and what does not survive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from synthetic import METRICS, card, record, score, sha, write_entry

from xkd_bench.leaderboard import build

CARDS = METRICS | {
    one.name: one
    for one in (
        card("centred_cosine", "Centred cosine", "alignment", "explanation", ("classification",)),
        card("coalition_fidelity", "Coalition fidelity", "alignment", "coalitions", ("classification",)),
        card("contrast_mismatch", "Contrast mismatch", "alignment", "coalitions", ("classification",), "lower"),
    )
}


def measure(value: float | None, calibrated: float | None) -> dict[str, Any]:
    scale = {
        "floor": score(0.12),
        "ceiling": score(0.9 if calibrated is not None else None, "not_measured"),
        "calibrated": score(calibrated, None if calibrated is not None else "not_measured"),
        "random_student": score(-0.3),
        "retrained": [],
    }
    return {
        "median": score(value),
        "excluded": {"too_few_units": 4},
        "distribution": [0] * 40,
        "scale": scale,
        "disattenuated": None,
    }


def explained(student: str, value: float, calibrated: float | None, *, survives: bool = True) -> dict[str, Any]:
    """A record of SST-2 with explanations by LIME, under both fills, and by an explainer that is not installed."""
    one = record("sst2", student=student, level=0.7, follow=0.7, teacher_level=0.8)
    keys = ("lime", "lime.mask", "somebodys")
    for key in keys:
        one["scores"][f"centred_cosine.{key}"] = score(value)
        one["scores"][f"raw_cosine.{key}"] = score(value + 0.05)
    one["scores"] |= {"coalition_fidelity": score(0.81), "contrast_mismatch": score(0.07)}
    one["slices"] = {"same_prediction": {"centred_cosine.lime": score(value)}}
    explainer = {"measures": {"centred_cosine": measure(value, calibrated)}, "reliability": {}, "notes": {}}
    verdicts = {"delete": "nearer_retrained", "mask": "as_retrained" if not survives else "nearer_retrained"}
    one["explanations"] = {
        "table": {"name": "explanations.parquet", "sha256": sha("explanations", student), "rows": 200},
        "retrained_teachers": [],
        "random_student_examples": 50,
        "explainers": dict.fromkeys(keys, explainer),
        "fills": {"lime.mask": {"gap": score(0.41), "verdicts": verdicts, "survives": survives}},
    }
    return one


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("alignment")
    submissions = place / "submissions"
    for name, one in {
        "kept": explained("kept", 0.71, 0.76),
        "fooled": explained("fooled", 0.66, None, survives=False),
        "silent": record("sst2", student="silent", level=0.6, follow=0.6, teacher_level=0.8),
    }.items():
        write_entry(submissions, f"people/{name}", [one], toml=f'name = "{name}"\nmethod = "vanilla_kd"\n')
    return build(submissions, place / "board", CARDS).page.read_text(encoding="utf-8")


def alignment(html: str) -> str:
    start = html.index('<div class="slices alignment">')
    return html[start : html.index("</table>", start)]


def test_an_explainer_is_a_column_and_its_value_stands_on_its_scale(html: str) -> None:
    table = alignment(html)
    assert html.count('<div class="slices alignment">') == 1
    for title in ("LIME", "LIME, words masked", "somebodys", "Coalition fidelity", "Contrast mismatch"):
        assert f">{title}&nbsp;" in table, title
    assert '<span class="value">0.710</span><span class="small">[0.670, 0.750]\n76% of the scale</span>' in table
    assert "chance 0.120; retrained teachers 0.900; student with random weights −0.300; raw cosine 0.760" in table
    assert "retrained teachers unknown" in table
    assert "200 examples explained" in html


def test_a_row_without_explanations_has_undefined_cells_and_no_value(html: str) -> None:
    row = alignment(html).split('data-value="silent"')[1]
    assert row.count("not in this record") == 5
    assert 'class="value">0.' not in row


def test_what_does_not_survive_the_other_fill_is_said(html: str) -> None:
    assert (
        "fooled, LIME, words masked: the verdict does not survive this fill; its centred cosine moves by +0.410."
        in html
    )
    assert "kept: what LIME" not in html


def test_scores_of_explanations_are_explained_and_stand_in_no_other_table(html: str) -> None:
    assert "for want of a metric card: raw_cosine" in html
    meanings = html[html.index("What the columns mean") :]
    assert "What Centred cosine says." in meanings
    before = html[: html.index('<div class="slices alignment">')]
    assert "Coalition fidelity" not in before[before.index('<h2 id="task-glue-sst2"') :]
    assert "same_prediction" not in html


def test_a_board_without_explanations_has_no_such_table(tmp_path: Path) -> None:
    one = record("sst2", student="silent", level=0.6, follow=0.6, teacher_level=0.8)
    write_entry(tmp_path / "submissions", "people/silent", [one], toml='name = "silent"\nmethod = "vanilla_kd"\n')
    page = build(tmp_path / "submissions", tmp_path / "board", CARDS).page.read_text(encoding="utf-8")
    assert "slices alignment" not in page
