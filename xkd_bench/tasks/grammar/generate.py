"""Splits of the acceptability task, made from the grammar and a seed that is their name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from xkd_bench.errors import BadInputError
from xkd_bench.randomness import generator
from xkd_bench.tasks.grammar import agreement, arguments, forms, nouns, order
from xkd_bench.tasks.grammar.pair import Pair, written
from xkd_bench.tasks.grammar.phrases import Draw

# Rows of each split: half of them right, half wrong. A later split holds no sentence of an earlier one.
SIZES = {"validation": 800, "train": 8000}

PHENOMENA: dict[str, Callable[[Draw], Pair]] = {
    "subject_verb_agreement": agreement.subject_verb_agreement,
    "determiner_noun_agreement": agreement.determiner_noun_agreement,
    "reflexive_agreement": agreement.reflexive_agreement,
    "argument_structure": arguments.argument_structure,
    "preposition_requirement": arguments.preposition_requirement,
    "word_order": order.word_order,
    "question_inversion": order.question_inversion,
    "auxiliary_verb_form": forms.auxiliary_verb_form,
    "negation": forms.negation,
    "pronoun_case": forms.pronoun_case,
    "comparative": forms.comparative,
    "countability": nouns.countability,
    "article_sound": nouns.article_sound,
}


def generate(split: str) -> list[dict[str, Any]]:
    """The rows of a split: `id`, `sentence`, `label` (1 right, 0 wrong), `phenomenon`, `twin` and `pair`.

    `twin` is the id of the one sentence of the other label from which this one differs in a single edit: a word
    replaced, deleted or inserted, or two neighbours swapped. Rows are numbered in the order they are returned,
    and no two neighbours are twins.

    Raises:
        BadInputError: there is no such split.
    """
    if split not in SIZES:
        raise BadInputError(
            expected=f"one of the splits {', '.join(SIZES)}",
            found=repr(split),
            fix="choose one of these splits",
            where="demo/grammar",
        )
    taken: set[str] = set()
    for name in SIZES:
        pairs = _pairs(name, taken)
        if name == split:
            break
    return _rows(split, pairs)


def _pairs(split: str, taken: set[str]) -> list[tuple[str, str, str]]:
    """(phenomenon, right sentence, wrong sentence) for half the split's rows; adds the sentences to `taken`."""
    number, extra = divmod(SIZES[split] // 2, len(PHENOMENA))
    pairs: list[tuple[str, str, str]] = []
    for position, (phenomenon, make) in enumerate(PHENOMENA.items()):
        draw = Draw(generator("demo/grammar", split, phenomenon))
        wanted = len(pairs) + number + (position < extra)
        while len(pairs) < wanted:
            pair = make(draw)
            right, wrong = written(pair.right), written(pair.wrong)
            if right not in taken and wrong not in taken:
                taken |= {right, wrong}
                pairs.append((phenomenon, right, wrong))
    return pairs


def _rows(split: str, pairs: list[tuple[str, str, str]]) -> list[dict[str, Any]]:
    order = _order(split, len(pairs))
    ids = [""] * len(order)
    for row, sentence in enumerate(order):
        ids[sentence] = f"{split}-{row:05d}"
    rows = []
    for sentence in order:
        pair, wrong = divmod(int(sentence), 2)
        phenomenon, *texts = pairs[pair]
        rows.append(
            {
                "id": ids[sentence],
                "sentence": texts[wrong],
                "label": 1 - wrong,
                "phenomenon": phenomenon,
                "twin": ids[sentence ^ 1],
                "pair": f"{split}-{pair:05d}",
            }
        )
    return rows


def _order(split: str, pairs: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """A shuffle of the sentences, where those of pair p are 2p and 2p + 1, in which no two neighbours are a pair."""
    stream = generator("demo/grammar", split, "order")
    while True:
        order = stream.permutation(2 * pairs)
        if not np.any(order[1:] == order[:-1] ^ 1):
            return order
