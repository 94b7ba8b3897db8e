"""The order of training examples: random, with rows of like length in one batch, the same for one seed and epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from torch.utils.data import Sampler

from xkd_bench.randomness import generator

POOL_BATCHES = 50


class LengthGroups(Sampler[int]):
    """Every position once an epoch. Pools of fifty batches are drawn at random, sorted by length and cut into batches,
    and the batches of the epoch are shuffled: a third of the padded tokens of plain shuffling on SST-2's phrases.

    The order depends on seed and epoch alone, so a resumed run sees the batches it would have seen. A last batch that
    is not full stays last.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int) -> None:
        self.lengths, self.batch_size, self.seed, self.epoch = np.asarray(lengths), batch_size, seed, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        draws = generator("training order", self.seed, self.epoch)
        order = draws.permutation(len(self.lengths))
        whole = len(order) - len(order) % self.batch_size
        pool = self.batch_size * POOL_BATCHES
        batches = []
        for start in range(0, whole, pool):
            members = order[start : min(start + pool, whole)]
            members = members[np.argsort(self.lengths[members], kind="stable")]
            batches += [members[i : i + self.batch_size] for i in range(0, len(members), self.batch_size)]
        for place in draws.permutation(len(batches)):
            yield from batches[place].tolist()
        yield from order[whole:].tolist()
