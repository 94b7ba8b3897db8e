"""The scores of adaptive token sampling: attention weighed by the length of the values it carries."""

from __future__ import annotations

from xkd_bench.explainers.cards import card_beside
from xkd_bench.explainers.contract import ModelExplainer
from xkd_bench.explainers.from_attention import AttentionMethod
from xkd_bench.explainers.token_matrices import ats

method = AttentionMethod(ats, with_identity=True)
explainer = ModelExplainer(card=card_beside(__file__), version=1, explain=method.explain, depends_on=method.depends_on)
