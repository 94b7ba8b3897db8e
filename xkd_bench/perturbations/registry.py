"""The installed perturbations: entry points of the group `xkd_bench.perturbations`, ours and anybody else's alike."""

from __future__ import annotations

from xkd_bench.perturbations.cards import parse_card
from xkd_bench.perturbations.contract import ImagePerturbation, Perturbation, PerturbationCard, TextPerturbation
from xkd_bench.plugins import Registry

GROUP = "xkd_bench.perturbations"
INSTALLED: Registry[PerturbationCard, Perturbation] = Registry(
    GROUP, "perturbation", parse_card, "modality", {"text": (TextPerturbation,), "image": (ImagePerturbation,)}
)
cards, card, load, title = INSTALLED.cards, INSTALLED.card, INSTALLED.load, INSTALLED.title
