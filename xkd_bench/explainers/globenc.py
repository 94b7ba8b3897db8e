"""GlobEnc: what each token gives to each other through attention, residual and norms, multiplied through the blocks."""

from __future__ import annotations

from xkd_bench.explainers.cards import card_beside
from xkd_bench.explainers.contract import ModelExplainer
from xkd_bench.explainers.from_attention import AttentionMethod
from xkd_bench.explainers.token_matrices import globenc

method = AttentionMethod(lambda block, units: globenc(block), with_identity=False)
explainer = ModelExplainer(card=card_beside(__file__), version=1, explain=method.explain, depends_on=method.depends_on)
