"""The order of training: every example once, like lengths together, a function of seed and epoch alone."""

from __future__ import annotations

import numpy as np
import pytest

from xkd_bench.distillers.sampling import LengthGroups
from xkd_bench.randomness import generator


def order_of(lengths: list[int], seed: int, epoch: int, batch_size: int = 8) -> list[int]:
    sampler = LengthGroups(lengths, batch_size, seed)
    sampler.set_epoch(epoch)
    return list(sampler)


@pytest.mark.parametrize("rows", [1, 7, 8, 9, 1000, 1003])
def test_every_example_once(rows: int) -> None:
    lengths = generator("lengths").integers(3, 60, rows).tolist()
    assert sorted(order_of(lengths, 0, 0)) == list(range(rows))


def test_seed_and_epoch_decide() -> None:
    lengths = generator("lengths").integers(3, 60, 500).tolist()
    assert order_of(lengths, 0, 1) == order_of(lengths, 0, 1)
    assert order_of(lengths, 0, 0) != order_of(lengths, 0, 1)
    assert order_of(lengths, 0, 0) != order_of(lengths, 1, 0)


def test_batches_hold_like_lengths_and_come_in_no_order_of_length() -> None:
    lengths = generator("lengths").integers(3, 60, 4000).tolist()
    order = np.asarray(lengths)[order_of(lengths, 0, 0)].reshape(-1, 8)
    assert (order.max(1) - order.min(1)).mean() < 3, "random batches of eight spread over about 44"
    assert abs(np.corrcoef(np.arange(len(order)), order.mean(1))[0, 1]) < 0.2
