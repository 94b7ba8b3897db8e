"""Randomness as a function of what is being done: the same words give the same stream, wherever and whenever."""

from __future__ import annotations

import hashlib
import json

import numpy as np


def seed_of(*what: object) -> int:
    """A 128-bit seed from the words that say what is being drawn, e.g. (suite seed, task, example id, draw)."""
    text = json.dumps([str(part) for part in what], ensure_ascii=False)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


def generator(*what: object) -> np.random.Generator:
    """A counter-based generator of its own for what is being drawn; nothing global is read or changed."""
    return np.random.Generator(np.random.Philox(key=seed_of(*what)))


def hash_order(ids: list[str] | tuple[str, ...], *what: object) -> list[int]:
    """Positions of `ids` in an order that depends only on each id and `what`: a sample of k is the first k."""
    keys = [hashlib.sha256(json.dumps([*map(str, what), i]).encode()).digest() for i in ids]
    return sorted(range(len(ids)), key=lambda position: (keys[position], ids[position]))
