"""Explainers are found by entry point; their cards are checked, and read without importing code."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest

import xkd_bench.explainers
from xkd_bench import plugins
from xkd_bench.errors import BadInputError
from xkd_bench.explainers import lime_attributions, occlusion_effects, plan_coalitions, registry, shapley_values
from xkd_bench.explainers.cards import card_beside, parse_card
from xkd_bench.explainers.contract import ExplainerCard

ROOT = Path(xkd_bench.explainers.__file__).parent
CARDS = sorted(ROOT.glob("*.toml"))
READS = {
    "lime": "coalitions",
    "shap": "coalitions",
    "occlusion": "coalitions",
    "integrated_gradients": "model",
    "input_x_gradient": "model",
    "globenc": "model",
    "ats": "model",
    "attention": "model",
    "globenc_plus": "model",
    "ats_plus": "model",
    "attention_plus": "model",
    "paper_lime": "model",
    "paper_shap": "model",
    "paper_integrated_gradients": "model",
    "random": "nothing",
}
GOOD = {
    "name": "mine",
    "title": "Mine",
    "summary": "An explainer of mine.",
    "reads": "coalitions",
    "formula": "x",
    "citation": "me",
}


def test_every_card_of_ours_is_installed():
    ours = {card_beside(str(path.with_suffix(".py"))).name for path in CARDS}
    assert ours == set(READS)
    assert ours <= set(registry.cards())


@pytest.mark.parametrize("name", READS)
def test_card_and_code_go_together(name):
    card = registry.cards()[name]
    explainer = registry.load(name)
    assert explainer.card == card == registry.card(name)
    assert (type(explainer),) == registry.INSTALLED.kinds[READS[name]]
    assert card.reads == READS[name]
    assert card.summary.endswith(".")
    assert card.title[0].isupper()


def test_an_explainer_of_the_table_is_its_function():
    masks = plan_coalitions(3, 8, 8, ()).masks
    values = masks @ np.array([1.0, -2.0, 0.5])
    for name, explain in {"lime": lime_attributions, "shap": shapley_values, "occlusion": occlusion_effects}.items():
        found = registry.load(name).explain(masks, values, True)
        np.testing.assert_array_equal(found, explain(masks, values, True))
        np.testing.assert_allclose(found, [1.0, -2.0, 0.5], rtol=0.05)


def imported_by(code, *names):
    lines = f"import json, sys\n{code}\nprint(json.dumps([name for name in {names!r} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_listing_imports_no_library_and_an_explainer_of_the_table_no_model():
    cards = "from xkd_bench.explainers.registry import cards, load; cards()"
    ours = ("xkd_bench.explainers.integrated_gradients", "xkd_bench.explainers.random")
    assert imported_by(cards, "torch", "transformers", "captum", "lime", "shap", "scipy", *ours) == []
    tables = f"{cards}; load('lime'); load('shap'); load('occlusion'); load('random')"
    assert imported_by(tables, "torch", "transformers", "captum", "lime", "shap") == []
    papers = f"{cards}; load('paper_lime'); load('paper_shap')"
    assert imported_by(papers, "captum", "lime", "shap") == []


def test_random_scores_are_a_function_of_the_words():
    explain = registry.load("random").explain
    words = (2026, "data", "example 1", "model")
    np.testing.assert_array_equal(explain(9, words), explain(9, words))
    others = [(*words[:i], "other", *words[i + 1 :]) for i in range(len(words))]
    assert len({explain(9, chosen).tobytes() for chosen in (words, *others)}) == 5
    assert explain(0, words).shape == (0,)
    many = np.concatenate([explain(20, (*words, i)) for i in range(500)])
    assert kstest(many, "norm").pvalue > 0.01
    assert abs(np.corrcoef(many[:-1], many[1:])[0, 1]) < 0.03


def test_an_unknown_name_suggests_a_near_one():
    for find in (registry.card, registry.load):
        with pytest.raises(BadInputError, match="did you mean lime"):
            find("limee")


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("title", 3), ("summary", "  "), ("reads", "tables"), ("formula", []), ("citation", True)],
)
def test_a_bad_field_is_named(field, value):
    with pytest.raises(BadInputError, match=f"mine.toml, field {field}"):
        parse_card({**GOOD, field: value}, "mine.toml")


@pytest.mark.parametrize("card", [{key: GOOD[key] for key in GOOD if key != "reads"}, {**GOOD, "colour": "red"}, {}])
def test_a_card_has_its_fields_and_no_others(card):
    with pytest.raises(BadInputError, match="exactly the fields name, title, summary, reads, formula, citation"):
        parse_card(card, "mine.toml")


def clear():
    plugins.Registry.card.cache_clear()


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A third party's explainer: writes its code and card, and makes it the only one installed."""

    def install(code, card=GOOD, name="mine"):
        (tmp_path / "my_explainer.py").write_text(code)
        (tmp_path / "my_explainer.toml").write_text("\n".join(f'{key} = "{value}"' for key, value in card.items()))
        point = EntryPoint(name, "my_explainer:explainer", registry.GROUP)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(plugins, "installed", lambda group: {name: point})
        monkeypatch.delitem(sys.modules, "my_explainer", raising=False)
        clear()

    yield install
    clear()


CODE = """
from xkd_bench.explainers.cards import card_beside
from xkd_bench.explainers.contract import TableExplainer
explainer = TableExplainer(card_beside(__file__), lambda masks, values, enumerated: masks[0] * values[0])
"""


def test_a_third_partys_explainer_joins_by_being_installed(plugin):
    plugin(CODE)
    assert registry.cards() == {"mine": ExplainerCard(**GOOD)}
    assert registry.load("mine").explain(np.array([[True, False]]), np.array([3.0]), True).tolist() == [3.0, 0.0]


def test_a_card_must_have_the_name_of_its_entry_point(plugin):
    plugin(CODE, name="yours")
    with pytest.raises(BadInputError, match="field name"):
        registry.cards()


def test_a_card_must_say_what_the_explainer_reads(plugin):
    plugin(CODE, {**GOOD, "reads": "model"})
    with pytest.raises(BadInputError, match="ModelExplainer"):
        registry.load("mine")


def test_an_entry_point_that_is_no_explainer(plugin):
    plugin("explainer = 3")
    with pytest.raises(BadInputError, match="int at my_explainer:explainer"):
        registry.load("mine")


def test_an_explainer_with_another_card(plugin, monkeypatch):
    plugin(CODE)
    explainer = registry.load("mine")
    import my_explainer

    monkeypatch.setattr(my_explainer, "explainer", replace(explainer, card=replace(explainer.card, title="Other")))
    with pytest.raises(BadInputError, match="the card beside its code"):
        registry.load("mine")


def test_a_missing_card_is_named(plugin, tmp_path):
    plugin(CODE)
    (tmp_path / "my_explainer.toml").unlink()
    with pytest.raises(BadInputError, match=r"my_explainer\.toml"):
        registry.cards()
