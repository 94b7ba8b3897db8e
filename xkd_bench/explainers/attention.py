"""Attention rollout: the attention of all blocks multiplied, with the residual as half of each."""

from __future__ import annotations

from xkd_bench.explainers.cards import card_beside
from xkd_bench.explainers.contract import ModelExplainer
from xkd_bench.explainers.from_attention import AttentionMethod
from xkd_bench.explainers.token_matrices import attention

method = AttentionMethod(lambda block, units: attention(block), with_identity=True)
explainer = ModelExplainer(card=card_beside(__file__), version=1, explain=method.explain, depends_on=method.depends_on)
