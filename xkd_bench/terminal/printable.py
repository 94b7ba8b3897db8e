"""Text that somebody else wrote, made fit to be shown."""

from __future__ import annotations

import unicodedata

JOINER = "\u200d"


def printable(text: str) -> str:
    """The text without what would steer a terminal or turn the direction of a line; the joiner of emoji stays."""
    shown = []
    for character in text:
        category = unicodedata.category(character)
        if category in ("Cc", "Cs", "Zl", "Zp"):
            shown.append(" " if character.isspace() else "\ufffd")
        elif category != "Cf" or character == JOINER:
            shown.append(character)
    return "".join(shown)
