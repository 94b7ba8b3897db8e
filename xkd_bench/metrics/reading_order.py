"""In which order people are shown scores, on the board and in the terminal alike."""

from __future__ import annotations

from collections.abc import Mapping

from xkd_bench.metrics.contract import MetricCard

GROUPS = {
    "quality": "Quality",
    "agreement": "Agreement with the teacher",
    "alignment": "Alignment of the reasons",
    "faithfulness": "Faithfulness of the explanations",
    "robustness": "Robustness to perturbed inputs",
    "calibration": "Calibration",
}
# What a reader looks for first in each group; metrics not named here follow in the order of the registry.
READING_ORDER = (
    "kappa",
    "kappa_independent",
    "kappa_max",
    "agreement",
    "negative_transfer",
    "error_consistency",
    "pair_agreement",
    "probability_loyalty",
    "kl_divergence",
    "teacher_student_pearson",
    "teacher_student_spearman",
    "concordance",
    "mean_absolute_difference",
    "centred_cosine",
    "coalition_fidelity",
    "counterfactual_agreement",
    "raw_cosine",
    "rank_correlation",
    "top_overlap",
    "sign_agreement",
    "contrast_mismatch",
    "drop_most_first",
    "kept_least_first",
    "comprehensiveness",
    "sufficiency",
    "flip_kappa",
    "any_flip_kappa",
    "change_correlation",
    "flip_rate",
    "any_flip_rate",
    "normalised_flip_rate",
    "mean_change",
    "perturbed_kappa",
    "perturbed_score",
    "score_drop",
    "relative_drop",
    "excess_drop",
    "expected_calibration_error",
    "calibration_gap",
    "confidence_correlation",
)


def in_reading_order(metrics: Mapping[str, MetricCard]) -> list[MetricCard]:
    """Cards by group, and inside a group in `READING_ORDER`."""
    names = list(metrics)

    def place(name: str) -> tuple[int, int, int]:
        early = READING_ORDER.index(name) if name in READING_ORDER else len(READING_ORDER)
        return list(GROUPS).index(metrics[name].group), early, names.index(name)

    return [metrics[name] for name in sorted(names, key=place)]
