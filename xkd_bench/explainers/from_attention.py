"""What the explainers that read attention share: blocks → a matrix each → a score a token → a score a unit.

The score of a token is what the first position ([CLS], which the classifier reads) drew from it through all blocks; of
a text model without such a token it is still the first position. Scores are never negative and explain no class: only
the order and the centred form of them can be compared with others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from xkd_bench.explainers.aggregation import Aggregation, aggregate
from xkd_bench.explainers.coalitions import FloatArray
from xkd_bench.explainers.contract import ExplainerSettings, Explanation, Question
from xkd_bench.explainers.gradients import TARGET, EncodedQuestion, TokenScores, explain_tokens
from xkd_bench.explainers.pixels import explain_pixels
from xkd_bench.models.blocks import Block, UnreadableBlocksError, read_blocks
from xkd_bench.models.classifier import Classifier
from xkd_bench.models.encoding import Row, patch_sides

UNITS = "units"


@dataclass(frozen=True)
class AttentionMethod:
    """matrix: (block, units (B, n) 1 for words or patches) → (B, n, n). with_identity: whether the matrix leaves the
    residual out, which a rollout then adds. how: what makes one matrix of all blocks' (`aggregation.aggregate`)."""

    matrix: Callable[[Block, torch.Tensor], torch.Tensor]
    with_identity: bool
    how: Aggregation = "rollout"

    def explain(
        self,
        classifier: Classifier,
        questions: Sequence[Question],
        settings: ExplainerSettings,
        advance: Callable[[int], None],
    ) -> list[Explanation]:
        """Explanations by `aggregate` of all blocks' matrices; `not_measured` for a model that is no transformer."""

        def score_tokens(encoded: Sequence[EncodedQuestion]) -> list[TokenScores]:
            rows = [{**one.row, UNITS: [int(s is not None) for s in one.spans[1]]} for one in encoded]
            return self._scores(classifier, rows, advance)

        def score_pixels(rows: Sequence[Row]) -> list[TokenScores]:
            return self._scores(classifier, rows, advance)

        image = classifier.card.modality == "image"
        if not image or patch_sides(classifier.checkpoint) is not None:
            try:
                if image:
                    return explain_pixels(classifier, questions, score_pixels)
                return explain_tokens(classifier, questions, advance, score_tokens)
            except UnreadableBlocksError:
                pass
        advance(len(questions))
        return [Explanation.without_value(len(question.units), "not_measured") for question in questions]

    def _scores(self, classifier: Classifier, rows: Sequence[Row], advance: Callable[[int], None]) -> list[TokenScores]:
        @torch.no_grad()
        def compute(tensors: dict[str, torch.Tensor], count: int) -> list[TokenScores]:
            del tensors[TARGET]
            units = tensors.pop(UNITS, None)
            _, blocks = read_blocks(classifier.model, tensors)
            if units is None:
                units = _patches_of_tokens(classifier, blocks[0])
            matrices = [self.matrix(block, units.float()) for block in blocks]
            found = aggregate(matrices, self.how, self.with_identity)[:, 0].double().cpu().numpy()
            return [TokenScores(self._placed(classifier, values)) for values in found[:count]]

        return classifier.in_batches(rows, compute, advance)

    @staticmethod
    def _placed(classifier: Classifier, values: FloatArray) -> FloatArray:
        """Scores of tokens (n,); of an image those of its patches, (rows, columns)."""
        sides = patch_sides(classifier.checkpoint) if classifier.card.modality == "image" else None
        if sides is None:
            return values
        return np.asarray(values[len(values) - sides[0] * sides[1] :].reshape(sides))

    def depends_on(self, settings: ExplainerSettings) -> Mapping[str, Any]:
        return {"aggregation": self.how}


def _patches_of_tokens(classifier: Classifier, block: Block) -> torch.Tensor:
    """1 for the tokens that are patches, which are the last ones, (B, n)."""
    sides = patch_sides(classifier.checkpoint)
    assert sides is not None
    units = torch.zeros(block.stream.shape[:2], device=block.stream.device)
    units[:, units.shape[1] - sides[0] * sides[1] :] = 1
    return units
