"""The first block's attention, matched with the teacher's first."""

from __future__ import annotations

from xkd_bench.distillers.attention_matching import AttentionMatching


class AttentionFirst(AttentionMatching):
    """`AttentionMatching` of the first block of both models."""

    block = 0
