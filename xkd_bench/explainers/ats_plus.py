"""The scores of adaptive token sampling, added up over the blocks."""

from __future__ import annotations

from dataclasses import replace

from xkd_bench.explainers.ats import method as multiplied
from xkd_bench.explainers.cards import card_beside
from xkd_bench.explainers.contract import ModelExplainer

method = replace(multiplied, how="plus")
explainer = ModelExplainer(card=card_beside(__file__), version=1, explain=method.explain, depends_on=method.depends_on)
