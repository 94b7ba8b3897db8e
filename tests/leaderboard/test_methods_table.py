"""A track by method: means over seeds, places among methods, and what is said where there is one seed or no value."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from xkd_bench.distillers import registry as distillers
from xkd_bench.leaderboard import build
from xkd_bench.leaderboard.ranks import RESAMPLES
from xkd_bench.leaderboard.tables.methods import Trained, has_seeds, method_rows
from xkd_bench.metrics.registry import cards
from xkd_bench.records.submission import read_submission

REFERENCE = Path(__file__).parents[2] / "submissions" / "reference"
RESULT = read_submission(REFERENCE / "finetune").tasks["glue/sst2"].result
COMMON = np.random.default_rng(0).standard_normal(RESAMPLES)


def trained(entry: str, value: float, seed: int = 0, *, weak: bool = False, drawn: bool = True) -> Trained:
    """A checkpoint with this accuracy, and draws around it that are nearly those of all others."""
    assert RESULT.lineage is not None
    gate = RESULT.gate["student"].model_copy(update={"status": "weak" if weak else "valid"})
    score = RESULT.scores["accuracy"].model_copy(update={"value": value})
    changes = {
        "gate": {"student": gate},
        "scores": {"accuracy": score},
        "lineage": RESULT.lineage.model_copy(update={"seed": seed}),
    }
    own = 0.0005 * np.random.default_rng([seed, len(entry)]).standard_normal(RESAMPLES)
    draws = {"accuracy": np.concatenate([[value], value + 0.005 * COMMON + own])} if drawn else {}
    return Trained(entry, RESULT.model_copy(update=changes), draws)


def three(name: str, *values: float, **how: bool) -> list[Trained]:
    names = [f"{name}-seed{seed}" if seed else name for seed in range(len(values))]
    return [trained(one, value, seed, **how) for seed, (one, value) in enumerate(zip(names, values, strict=True))]


def test_one_seed_of_each_is_no_table() -> None:
    assert not has_seeds([trained("one", 0.9), trained("two", 0.8)])
    assert has_seeds([trained("one", 0.9), *three("two", 0.8, 0.8)])


def test_means_of_seeds_in_order_with_the_places_of_methods() -> None:
    rows = [*three("low", 0.70, 0.71, 0.69), *three("high", 0.90, 0.89, 0.91), *three("near", 0.895, 0.905, 0.885)]
    found = method_rows(rows, ["accuracy"], frozenset(), ranked=True)
    assert [row.name for row in found] == ["high", "near", "low"]
    assert [row.cells[0].text for row in found] == ["0.900", "0.895", "0.700"]
    assert [row.cells[0].small.split("\n")[1] for row in found] == ["rank 1–2", "rank 1–2", "rank 3"]
    assert found[0].cells[0].tooltip == "3 seeds: 0.900, 0.890, 0.910; n = 872"
    assert found[0].entries == ("high", "high-seed1", "high-seed2")
    assert [row.seeds.text for row in found] == ["3", "3", "3"]
    turned = method_rows(rows, ["accuracy"], frozenset({"accuracy"}), ranked=True)
    assert [row.name for row in turned] == ["low", "near", "high"]
    assert [row.cells[0].small.split("\n")[1] for row in turned] == ["rank 1", "rank 2–3", "rank 2–3"]


def test_the_interval_holds_what_another_training_would_change() -> None:
    steady, strays = (
        method_rows(three("a", *values), ["accuracy"], frozenset(), ranked=False)[0].cells[0].small
        for values in ((0.9, 0.9, 0.9), (0.87, 0.9, 0.93))
    )

    def width(text: str) -> float:
        low, high = text.strip("[]").split(", ")
        return float(high) - float(low)

    assert width(steady) == pytest.approx(2 * 1.96 * 0.005, rel=0.1)
    assert width(strays) > 3 * width(steady)


def test_an_only_seed_has_its_own_interval_and_no_place() -> None:
    alone = trained("alone", 0.95)
    (found, other) = method_rows([*three("a", 0.9, 0.91), alone], ["accuracy"], frozenset(), ranked=True)
    assert (found.name, found.cells[0].text, found.seeds.text) == ("alone", "0.950", "1")
    assert "rank" not in found.cells[0].small
    assert "one seed" in found.cells[0].tooltip
    assert "rank" not in other.cells[0].small, "there is no other method to be compared with"


def test_weak_students_have_a_mean_and_no_place_and_lost_draws_neither() -> None:
    rows = [*three("good", 0.8, 0.81), *three("fair", 0.7, 0.71), *three("weak", 0.9, 0.9, weak=True)]
    rows += three("lost", 0.95, 0.95, drawn=False)
    found = {row.name: row.cells[0] for row in method_rows(rows, ["accuracy"], frozenset(), ranked=True)}
    assert found["good"].small.endswith("rank 1")
    assert found["fair"].small.endswith("rank 2")
    assert found["weak"].text == "0.900"
    assert "rank" not in found["weak"].small
    assert (found["lost"].text, found["lost"].note) == ("–", "not of every seed")


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    """Two methods on SST-2, one of them with a second seed."""
    root = tmp_path / "submissions"
    for name in ("vanilla_kd", "attn_last"):
        shutil.copytree(REFERENCE / name / "glue/sst2", root / "reference" / name / "glue/sst2")
        shutil.copy(REFERENCE / name / "submission.toml", root / "reference" / name)
    shutil.copytree(root / "reference/vanilla_kd", root / "reference/vanilla_kd-seed1")
    card = root / "reference/vanilla_kd-seed1/submission.toml"
    card.write_text(card.read_text().replace('name = "vanilla_kd"', 'name = "vanilla_kd-seed1"'))
    path = root / "reference/vanilla_kd-seed1/glue/sst2/record.json"
    record = json.loads(path.read_text())
    record["lineage"]["seed"] = 1
    path.write_text(json.dumps(record))
    shutil.copytree(REFERENCE / "teachers/sst2", root / "reference/teachers/sst2")
    return root


@pytest.mark.parametrize("most", [30, 2])
def test_a_board_shows_methods_before_checkpoints(
    submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("xkd_bench.leaderboard.pages.board.ROWS_ON_ONE_PAGE", most)
    for _ in ("from nothing", "from what is remembered"):
        build(submissions, tmp_path / "board", cards(), distillers.cards(), cache=tmp_path / "cache")
    accuracy = read_submission(REFERENCE / "vanilla_kd").tasks["glue/sst2"].result.scores["accuracy"].value
    first = (tmp_path / "board/index.html").read_text()
    whole = first if most == 30 else (tmp_path / "board/boards/glue-sst2.html").read_text()
    for page in (first, whole):
        table = page.split("Methods, over their seeds", 1)[1].split("</table>", 1)[0]
        assert [part.split('"', 1)[0] for part in table.split('data-entry="')[1:]] == ["vanilla_kd", "attn_last"]
        assert f"2 seeds: {accuracy:.3f}, {accuracy:.3f}; n = 872" in table
    row = 'data-entry="vanilla_kd-seed1"'
    assert (row in first) == (most == 30)
    assert row in whole


def test_controls_have_no_rank_and_methods_are_what_is_drawn(tmp_path: Path) -> None:
    root = tmp_path / "submissions"
    for name in ("control-retrained", "finetune", "finetune-seed1", "attn_last"):
        shutil.copytree(REFERENCE / name / "glue/cola", root / "reference" / name / "glue/cola")
        shutil.copy(REFERENCE / name / "submission.toml", root / "reference" / name)
    shutil.copytree(REFERENCE / "teachers/cola", root / "reference/teachers/cola")
    build(root, tmp_path / "board", cards(), distillers.cards(), cache=tmp_path / "cache")
    page = (tmp_path / "board/index.html").read_text()
    rows = [part.split("</tr>", 1)[0] for part in page.split('data-entry="')[1:]]
    control, method = (
        "".join(row for row in rows if row.startswith(name)) for name in ("control-retrained", "attn_last")
    )
    assert '<span class="tag">control</span>' in control
    assert "rank" not in control
    assert "of 3" not in control
    assert "of 3, up to 30 M" in method
    lime = read_submission(REFERENCE / "finetune").tasks["glue/cola"].result.explanations
    assert lime is not None
    scale = lime.explainers["lime"].measures["centred_cosine"].scale
    assert scale is not None
    assert f"retrained {scale.ceiling.value:.3f}</span>" in page.split("</thead>", 1)[0]
    picture = page.split('<figure class="plot"', 1)[1].split("</figure>", 1)[0]
    assert picture.count("<circle") == 2
    assert picture.count("<rect") == 1
    assert "finetune-seed1" not in picture
    assert "squares are controls" in picture
    assert "Beaten in both by no other" not in picture, "one method beats the other in both"
