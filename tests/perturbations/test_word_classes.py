"""Word classes on sentences tagged by hand: the error that is stated, on those no rule was made on."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path

from xkd_bench.perturbations.word_classes import classed_words

LINES = [
    line
    for line in (Path(__file__).parent / "tagged_sentences.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def errors(lines: list[str], only: str = "nvar") -> tuple[int, int]:
    """(wrong, all) words that are tagged or found with a class among `only`."""
    wrong = total = 0
    for line in lines:
        pairs = [part.rpartition("/") if "/" in part else (part, "", "") for part in line.split()]
        words = [word for word, _, _ in pairs]
        starts = accumulate((len(word) + 1 for word in words[:-1]), initial=0)
        found = {one.word.start: one.part for one in classed_words(" ".join(words))}
        for (_, _, tag), start in zip(pairs, starts, strict=True):
            if (tag in only and tag) or (found.get(start, "") in only and start in found):
                total += 1
                wrong += tag != found.get(start, "")
    return wrong, total


def test_the_error_is_as_stated() -> None:
    held_out = LINES[30:]
    assert len(held_out) == 30
    assert errors(held_out, "v") == (4, 49)  # as the card of verb_tense says
    assert errors(held_out) == (11, 134)  # as the docstring of word_classes says


def test_the_word_before_decides() -> None:
    def part(text: str, word: str) -> str:
        return next(one.part for one in classed_words(text) if one.word.text == word)

    assert part("the answer was long", "answer") == "n"
    assert part("to answer was hard", "answer") == "v"
    assert part("they answer it", "answer") == "v"
    assert part("a long answer came", "answer") == "n"
    assert part("he was broken", "broken") in "va"


def test_forms_and_lemmas() -> None:
    found = {
        one.word.text: (one.part, one.lemma, one.tag) for one in classed_words("She wrote better books than he did")
    }
    assert found["wrote"] == ("v", "write", "VBD")
    assert found["books"] == ("n", "book", "NNS")
    assert found["did"][:2] == ("v", "do")
