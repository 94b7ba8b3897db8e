"""What fills are called, and what another fill changes, in words: one wording for the terminal and the board."""

from __future__ import annotations

from xkd_bench.records.schema import FillRecord

GAINS = {"higher": "better", "lower": "worse", "even": "no better", "none": "unknown"}
FILLS = {
    "delete": "words deleted",
    "mask": "words masked",
    "mean": "patches of the mean colour",
    "blur": "patches blurred",
}


def does_not_survive(found: FillRecord) -> str:
    """Why a verdict does not survive the other fill; empty where it does."""
    if found.survives:
        return ""
    moved = [] if found.gap.value is None else [f"its centred cosine moves by {_signed(found.gap.value)}"]
    if found.gain_gap is not None and found.gain_gap.value is not None:
        moved.append(f"its gain over the baseline by {_signed(found.gain_gap.value)}")
    if len(set(found.gain_verdicts.values())) > 1:
        sides = [f"{GAINS[verdict]} with {FILLS.get(fill, fill)}" for fill, verdict in found.gain_verdicts.items()]
        moved.append(f"against the baseline it is {', '.join(sides)}")
    return "; ".join(["the verdict does not survive this fill", *moved])


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")
