"""Acceptability of English sentences made by a grammar of our own: each is right or wrong by construction.

Nothing is stored: `generate` makes a split from its name alone, the same on every machine.
"""

from __future__ import annotations

from xkd_bench.tasks.grammar.generate import PHENOMENA, SIZES, generate
from xkd_bench.tasks.grammar.lexicon import vocabulary

__all__ = ["PHENOMENA", "SIZES", "generate", "vocabulary"]
