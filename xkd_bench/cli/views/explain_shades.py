"""Colours of scores in the terminal: blue for, orange against, grey at nothing."""

from __future__ import annotations

# All shades are equally far from black and from white, so they stand out alike on a dark and on a light terminal, and
# white letters are readable on each: what grows with the score is the colour, not the lightness.
GREY, FOR, AGAINST, INK = (0x76, 0x76, 0x76), (0x0A, 0x6C, 0xD6), (0xC2, 0x4E, 0x00), "#ffffff"


def shade(strength: float) -> str:
    """Background of a word or patch: grey at 0, the full hue at −1 and 1, mixed as light is."""
    hue, part = (FOR if strength > 0 else AGAINST), abs(strength)
    mixed = [_light(grey) + part * (_light(full) - _light(grey)) for grey, full in zip(GREY, hue, strict=True)]
    return "#" + "".join(f"{_byte(value):02x}" for value in mixed)


def _light(byte: int) -> float:
    """A channel of sRGB as light, in [0, 1] (IEC 61966-2-1)."""
    value = byte / 255
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _byte(light: float) -> int:
    value = light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
    return round(255 * value)
