"""The benchmarks' own functions on a model of seconds: both sides explain the same thing, and the tables say so."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from convergence import Game, games, plot, study, table
from explainers import TABLE_EXPLAINERS, choose, measure, open_classifier, report
from globenc import FORMS, made_block
from globenc import measure as measure_forms
from globenc import report as report_forms

from xkd_bench.explainers.coalitions import plan_coalitions
from xkd_bench.models.classifier import Runtime
from xkd_bench.records.store import Store
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.registry import find_task
from xkd_bench.tasks.words import units_of

TASK = find_task("demo/grammar")
EXAMPLES = load(TASK, "evaluation")


def of_length(units: int) -> list[int]:
    return [i for i, row in enumerate(EXAMPLES.inputs) if len(units_of(row)) == units]


def test_libraries_and_our_table_explain_the_same(tiny_models: Path) -> None:
    model = str(tiny_models / "grammar")
    classifiers = {
        "ours": open_classifier(model, TASK, Runtime()),
        "bfloat16": open_classifier(model, TASK, Runtime(dtype="bfloat16")),
    }
    measured = measure(classifiers, choose(EXAMPLES.take(of_length(6)), 2), rounds=1)
    ours, theirs = measured.scores["ours"], measured.scores["libraries"]
    for method in ("shap", "occlusion"):  # with so few words shap is exact
        np.testing.assert_allclose(theirs[method], ours[method], atol=5e-5)
    np.testing.assert_allclose(theirs["lime"], ours["lime"], atol=0.2 * np.abs(ours["lime"]).max())
    assert set(measured.scores["bfloat16"]) == set(TABLE_EXPLAINERS)
    assert measured.clock.parts["ours"].questions == 2 * 2**6
    assert measured.clock.parts["lime"].questions == 2 * 500
    assert 0 < measured.distinct <= 1

    shown = report(measured, examples=2, rounds=1)
    ratios = [float(found) for found in re.findall(r"ratio ([\d.]+)", shown)]
    assert len(ratios) == 2
    assert "occlusion, asked the same" in shown
    assert len({line.rindex("max") for line in shown.splitlines() if "max |Δ|" in line}) == 1, "aligned"


def test_time_inside_the_model_is_part_of_the_whole(tiny_models: Path) -> None:
    from explainers import Clock

    classifier, clock = open_classifier(str(tiny_models / "grammar"), TASK, Runtime()), Clock()
    clock.watch(classifier.get().model)
    measure({"ours": classifier}, EXAMPLES.take(of_length(5)[:1]), 1, clock)
    for name in ("ours", "lime", "shap as it comes"):
        assert 0 < clock.parts[name].in_model < clock.parts[name].seconds
    assert clock.parts["ours, read"].in_model == 0


@pytest.fixture(scope="module")
def additive_game() -> Game:
    masks = plan_coalitions(7, 2**7, 2, ()).masks
    return Game("additive", masks, masks @ np.array([3.0, -2.0, 0.5, 1.0, -1.0, 0.0, 2.0]) + 1)


def test_a_game_without_interactions_is_known_from_any_sample(additive_game: Game) -> None:
    found = study([additive_game], sizes=(32,), draws=2)
    for name in ("ours", "shap's own"):
        np.testing.assert_allclose(found["SHAP", name][0], [[1.0, 0.0]] * 3, atol=1e-9)
    assert found["LIME", "ours"][0, 1, 0] > 0.9999
    assert found["LIME", "lime's own"][0, 1, 0] > 0.97  # its ridge shows in so few rows


def test_games_of_a_model_in_a_table_and_a_plot(tiny_models: Path, tmp_path: Path, additive_game: Game) -> None:
    classifier = open_classifier(str(tiny_models / "grammar"), TASK, Runtime())
    played = games(classifier, EXAMPLES.take(of_length(6)[:2]), 6, Store(tmp_path))
    assert [game.values.shape for game in played] == [(64,), (64,)]
    assert all(game.at(game.masks).tolist() == game.values.tolist() for game in played)

    sizes = (16, 32)
    found = study(played, sizes, draws=1)
    cosines = np.array([quartiles[:, 1, 0] for quartiles in found.values()])
    assert (cosines[:, 1] > 0.5).all()
    assert len(table(found, sizes).splitlines()) == 1 + 4 * len(sizes)

    pytest.importorskip("matplotlib", reason="the plot needs matplotlib")
    for name in ("one.svg", "other.svg"):
        plot(found, sizes, 6, tmp_path / name)
    picture = (tmp_path / "one.svg").read_text()
    assert all(f">{word}<" in picture for word in ("ours", "lime's own", "shap's own", "LIME", "SHAP"))
    assert (tmp_path / "other.svg").read_text() == picture


def test_the_forms_of_globenc_agree_and_the_gram_form_holds_less() -> None:
    found = measure_forms(made_block(tokens=40, width=48, heads=4), rounds=1)
    assert set(found) == set(FORMS)
    assert max(difference for _, _, difference in found.values()) < 1e-6
    assert found["written out"][1] > 4 * 40 * 40 * 48 * 4, "every head's part of every pair"
    assert found["Gram"][1] < found["heads summed"][1] < found["written out"][1]
    assert len(report_forms(found).splitlines()) == 1 + len(FORMS)


def test_every_method_is_timed_beside_vanilla_kd(tiny_models: Path) -> None:
    from distillers import CACHED, GOALS, UNIT, fitting, read, report, times

    start = str(tiny_models / "grammar")
    options = read(["--teacher", start, "--student", start, "--layers", "2,4", "--steps", "1", "--rows", "4"])
    names = fitting(options)
    measured = times(names, options)
    assert measured[UNIT][1] == 1
    assert set(GOALS) - {"mgskd"} <= set(names), "relation heads do not divide this width"
    lines = report(measured, dict.fromkeys(names, 3.0)).splitlines()
    assert len(lines) == len(names) + 1
    assert lines[-1].startswith(CACHED)


def test_made_up_boards_build(tmp_path: Path) -> None:
    from board import write_entries

    from xkd_bench.leaderboard import build
    from xkd_bench.metrics.registry import cards

    write_entries(tmp_path / "submissions", 2, range(3))
    report = build(tmp_path / "submissions", tmp_path / "board", cards())
    assert (report.entries, report.rows) == (3, 6)


def test_intervals_and_the_gate_are_simulated() -> None:
    import interval_coverage as simulation

    true = simulation.truths()
    found = simulation.coverage(70, replicates=60, resamples=200, true=true)
    assert [one.name for one in found] == ["accuracy", "MCC", "κ", "mean cosine", "AUC", "relative drop"]
    assert all(0.8 <= share <= 1.0 for one in found for share in (one.percentile, one.bca))
    again = simulation.rates(simulation.cosines, 70, 0.3, 0.05, replicates=20, resamples=100)
    assert again == {"pass": 0.0, "fail": 1.0, "undecided": 0.0}
    same = simulation.rates(simulation.cosines, 70, 0.0, 0.5, replicates=20, resamples=100)
    assert same["pass"] == 1.0


def test_resampling_is_timed() -> None:
    from resampling import measure as time_resampling

    seconds, scores = time_resampling(50, 200)
    assert seconds > 0
    assert scores > 10
