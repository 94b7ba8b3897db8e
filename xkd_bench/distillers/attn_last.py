"""The last block's attention, matched with the teacher's last."""

from __future__ import annotations

from xkd_bench.distillers.attention_matching import AttentionMatching


class AttentionLast(AttentionMatching):
    """`AttentionMatching` of the last block of both models."""

    block = -1
