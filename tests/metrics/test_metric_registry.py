"""Metrics are found by entry point; their cards are checked, and read without importing code."""

from __future__ import annotations

import itertools
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import xkd_bench.metrics
from xkd_bench import plugins
from xkd_bench.errors import BadInputError
from xkd_bench.metrics import registry
from xkd_bench.metrics.cards import card_beside, parse_card
from xkd_bench.metrics.contract import MetricCard
from xkd_bench.metrics.reading_order import in_reading_order

ROOT = Path(xkd_bench.metrics.__file__).parent
CARDS = sorted(ROOT.glob("*/*.toml"))
GOOD = {
    "name": "mine",
    "title": "Mine",
    "summary": "A metric of mine.",
    "group": "quality",
    "subject": "model",
    "kinds": ["classification"],
    "direction": "lower",
    "range": [0, float("inf")],
    "formula": "x",
    "citation": "me",
}


def test_every_card_of_ours_is_installed_and_no_other_folder_is_missed():
    assert {path.stem for path in CARDS} <= set(registry.cards())
    assert len(CARDS) == 46


def test_metrics_by_what_they_measure():
    kinds = [
        registry.prediction_metrics(),
        registry.similarity_metrics(),
        registry.coalition_metrics(),
        registry.masking_metrics(),
        registry.perturbed_metrics(),
    ]
    names = [[metric.card.name for metric in metrics] for metrics in kinds]
    assert names[1] == ["centred_cosine", "rank_correlation", "raw_cosine", "sign_agreement", "top_overlap"]
    assert names[2] == ["coalition_fidelity", "contrast_mismatch", "counterfactual_agreement"]
    assert names[3] == ["comprehensiveness", "drop_most_first", "kept_least_first", "sufficiency"]
    assert {metric.card.group for metric in kinds[4]} == {"robustness"}
    assert sorted(itertools.chain(*names)) == list(registry.cards())
    assert {metric.card.subject for metric in kinds[0]} == {"model", "pair"}


def test_alignment_is_read_after_agreement_and_headline_first():
    order = in_reading_order(registry.cards())
    groups = list(dict.fromkeys(card.group for card in order))
    assert groups == ["quality", "agreement", "alignment", "faithfulness", "robustness", "calibration"]
    assert [card.name for card in order if card.group == "alignment"][:2] == ["centred_cosine", "coalition_fidelity"]


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_card_and_code_go_together(path):
    card = registry.cards()[path.stem]
    assert card.group == path.parent.name
    assert registry.load(path.stem).card == card == card_beside(str(path.with_suffix(".py")))
    assert card.summary.endswith(".")
    assert card.title[0].isupper() or card.title[0] == "κ"


def test_reading_the_cards_imports_no_metric():
    code = (
        "import sys; from xkd_bench.metrics.registry import cards; cards();"
        "metrics = [name for name in sys.modules if name.startswith('xkd_bench.metrics.') and name.count('.') > 2];"
        "print(metrics + [name for name in ('torch', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_name_suggests_a_near_one():
    with pytest.raises(BadInputError, match="did you mean kappa"):
        registry.load("kapa")


def test_infinite_bounds_become_none():
    card = parse_card(GOOD, "mine.toml")
    assert card.range == (0.0, None)
    assert card.kinds == ("classification",)
    assert (card.undefined_as, card.classes, card.on_regression) == ("degenerate", None, "omit")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("title", 3),
        ("group", "other"),
        ("subject", "both"),
        ("kinds", []),
        ("kinds", ["ranking"]),
        ("kinds", "classification"),
        ("direction", "up"),
        ("range", [1, 0]),
        ("range", [0]),
        ("range", ["a", "b"]),
        ("range", [True, 2]),
        ("range", 1),
        ("undefined_as", "because"),
        ("classes", 1),
        ("classes", 2.0),
        ("on_regression", "maybe"),
    ],
)
def test_a_bad_field_is_named(field, value):
    with pytest.raises(BadInputError, match=f"mine.toml, field {field}"):
        parse_card({**GOOD, field: value}, "mine.toml")


def test_a_similarity_must_have_two_bounds():
    with pytest.raises(BadInputError, match=r"mine\.toml, field range"):
        parse_card({**GOOD, "subject": "explanation"}, "mine.toml")
    assert parse_card({**GOOD, "subject": "explanation", "range": [-1, 1]}, "mine.toml").range == (-1.0, 1.0)


def test_missing_and_unknown_fields_are_named():
    card = {key: value for key, value in GOOD.items() if key != "range"} | {"colour": "red"}
    with pytest.raises(BadInputError, match="no range; unknown colour"):
        parse_card(card, "mine.toml")


def clear():
    plugins.Registry.card.cache_clear()


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A third party's metric: writes its code and card, and makes it the only one installed."""

    def install(code, card=GOOD, name="mine"):
        (tmp_path / "my_metric.py").write_text(code)
        lines = [
            f"{key} = {str(value).replace(chr(39), chr(34))}"
            for key, value in card.items()
            if key in ("kinds", "range")
        ]
        lines += [f'{key} = "{value}"' for key, value in card.items() if key not in ("kinds", "range")]
        (tmp_path / "my_metric.toml").write_text("\n".join(lines))
        point = EntryPoint(name, "my_metric:metric", registry.GROUP)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(plugins, "installed", lambda group: {name: point})
        monkeypatch.delitem(sys.modules, "my_metric", raising=False)
        clear()

    yield install
    clear()


CODE = """
from xkd_bench.metrics.cards import card_beside
from xkd_bench.metrics.contract import SumMetric
metric = SumMetric(card_beside(__file__), lambda view: view.logits, lambda sums: sums[..., 0])
"""


def test_a_third_partys_metric_joins_by_being_installed(plugin):
    plugin(CODE)
    assert list(registry.cards()) == ["mine"]
    assert isinstance(registry.cards()["mine"], MetricCard)
    assert [metric.card.name for metric in registry.prediction_metrics()] == ["mine"]
    assert registry.similarity_metrics() == registry.coalition_metrics() == ()


@pytest.mark.parametrize(
    ("subject", "made", "expected"),
    [
        ("explanation", "SumMetric(card, len, sum)", "SimilarityMetric"),
        ("coalitions", "SimilarityMetric(card, max)", "CoalitionMetric"),
        ("pair", "CoalitionMetric(card, len)", "SumMetric or WeightMetric"),
    ],
)
def test_a_metric_must_be_of_what_its_card_says(plugin, subject, made, expected):
    kind = made.partition("(")[0]
    plugin(
        f"from xkd_bench.metrics.cards import card_beside\nfrom xkd_bench.metrics.contract import {kind}\n"
        f"card = card_beside(__file__)\nmetric = {made}",
        GOOD | {"subject": subject, "range": [0, 1]},
    )
    with pytest.raises(BadInputError) as error:
        registry.load("mine")
    assert error.value.expected.startswith(f"a {expected} (")
    assert error.value.found == f"{kind} at my_metric:metric"


def test_a_card_must_have_the_name_of_its_entry_point(plugin):
    plugin(CODE, name="yours")
    with pytest.raises(BadInputError, match="field name"):
        registry.cards()


def test_an_entry_point_that_is_no_metric(plugin):
    plugin("metric = 3")
    with pytest.raises(BadInputError, match="int at my_metric:metric"):
        registry.load("mine")


def test_a_metric_with_another_card(plugin, monkeypatch):
    plugin(CODE)
    metric = registry.load("mine")
    import my_metric

    monkeypatch.setattr(my_metric, "metric", replace(metric, card=replace(metric.card, title="Other")))
    with pytest.raises(BadInputError, match="another card"):
        registry.load("mine")


def test_a_missing_card_is_named(plugin, tmp_path):
    plugin(CODE)
    (tmp_path / "my_metric.toml").unlink()
    with pytest.raises(BadInputError, match=r"my_metric\.toml"):
        registry.cards()
