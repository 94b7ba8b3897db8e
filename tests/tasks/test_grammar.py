"""The acceptability grammar: what a split promises, and that no shortcut gives the labels away."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise

import pytest

from xkd_bench.errors import BadInputError
from xkd_bench.tasks.grammar import PHENOMENA, SIZES, generate, vocabulary
from xkd_bench.tasks.grammar.lexicon import article

Rows = list[dict[str, object]]


def words_of(sentence: object) -> list[str]:
    return re.findall(r"\w+|[^\w\s]", str(sentence).lower())


@pytest.fixture(scope="module")
def splits() -> dict[str, Rows]:
    return {split: generate(split) for split in SIZES}


@pytest.fixture(scope="module", params=sorted(SIZES))
def rows(request: pytest.FixtureRequest, splits: dict[str, Rows]) -> Rows:
    return splits[request.param]


def test_sizes_columns_and_ids(splits: dict[str, Rows]) -> None:
    for split, rows in splits.items():
        assert len(rows) == SIZES[split]
        assert [row["id"] for row in rows] == [f"{split}-{number:05d}" for number in range(len(rows))]
        assert all(list(row) == ["id", "sentence", "label", "phenomenon", "twin", "pair"] for row in rows)


def test_labels_balance_in_every_phenomenon(rows: Rows) -> None:
    counts = Counter((row["phenomenon"], row["label"]) for row in rows)
    assert {phenomenon for phenomenon, _ in counts} == set(PHENOMENA)
    for phenomenon in PHENOMENA:
        assert counts[phenomenon, 0] == counts[phenomenon, 1]
        assert abs(counts[phenomenon, 0] - len(rows) / 2 / len(PHENOMENA)) < 1


def test_no_sentence_twice_within_or_across_splits(splits: dict[str, Rows]) -> None:
    sentences = [str(row["sentence"]).lower() for rows in splits.values() for row in rows]
    assert len(set(sentences)) == len(sentences)


def test_twins_are_mutual_of_both_labels_and_not_neighbours(rows: Rows) -> None:
    position = {row["id"]: number for number, row in enumerate(rows)}
    for number, row in enumerate(rows):
        twin = rows[position[row["twin"]]]
        assert twin["twin"] == row["id"]
        assert twin["pair"] == row["pair"]
        assert {row["label"], twin["label"]} == {0, 1}
        assert twin["phenomenon"] == row["phenomenon"]
        assert abs(position[row["twin"]] - number) > 1


def is_one_edit(one: list[str], other: list[str]) -> bool:
    """One word replaced, deleted or inserted, or two neighbours swapped."""
    if len(one) == len(other):
        different = [place for place, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1]]
        if len(different) == 1:
            return True
        if len(different) != 2 or different[1] != different[0] + 1:
            return False
        first, second = different
        return (one[first], one[second]) == (other[second], other[first])
    shorter, longer = sorted((one, other), key=len)
    return any(longer[:place] + longer[place + 1 :] == shorter for place in range(len(longer)))


def test_twins_differ_in_one_edit(rows: Rows) -> None:
    sentence = {row["id"]: words_of(row["sentence"]) for row in rows}
    assert all(is_one_edit(sentence[row["id"]], sentence[row["twin"]]) for row in rows)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("a b c", "b a c", True), ("a b c", "a c", True), ("a b c", "c b a", False), ("a b c", "a", False)],
)
def test_is_one_edit(one: str, other: str, expected: bool) -> None:
    assert is_one_edit(one.split(), other.split()) == expected


def test_sentences_are_written_as_sentences(rows: Rows) -> None:
    for row in rows:
        sentence = str(row["sentence"])
        assert re.fullmatch(r"[A-Z][A-Za-z]*( [A-Za-z]+)+[.?]", sentence), sentence
        assert not re.search(r"\bi\b|\b(tom|anna)\b", sentence[1:])


def test_vocabulary_is_what_occurs(splits: dict[str, Rows]) -> None:
    occurring = {word for rows in splits.values() for row in rows for word in words_of(row["sentence"])}
    assert list(vocabulary()) == sorted(set(vocabulary()))
    assert occurring == set(vocabulary())


def test_no_word_occurs_in_wrong_sentences_only(splits: dict[str, Rows]) -> None:
    """Otherwise the word alone would give a wrong sentence away."""
    by_label = {
        label: {word for row in splits["train"] if row["label"] == label for word in words_of(row["sentence"])}
        for label in (0, 1)
    }
    assert by_label[0] == by_label[1]


def test_articles_follow_the_sound_in_every_right_sentence(rows: Rows) -> None:
    for row in rows:
        words = words_of(row["sentence"])
        mistakes = [first for first, second in pairwise(words) if first in ("a", "an") and first != article(second)]
        assert len(mistakes) == (row["phenomenon"] == "article_sound" and row["label"] == 0)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("apple", "an"), ("book", "a"), ("honest", "an"), ("useful", "a"), ("uniform", "a"), ("umbrella", "an")],
)
def test_article(word: str, expected: str) -> None:
    assert article(word) == expected


def test_bag_of_words_stays_far_from_the_labels(splits: dict[str, Rows]) -> None:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    count = CountVectorizer(token_pattern=r"\w+|[.?]")
    train, validation = splits["train"], splits["validation"]
    model = LogisticRegression(max_iter=1000)
    model.fit(count.fit_transform([row["sentence"] for row in train]), [row["label"] for row in train])
    features = count.transform([row["sentence"] for row in validation])
    assert model.score(features, [row["label"] for row in validation]) < 0.70


def test_two_processes_agree_under_two_hash_seeds() -> None:
    program = (
        "import hashlib, json; from xkd_bench.tasks.grammar import generate, vocabulary;"
        "made = [generate('validation'), generate('train'), vocabulary()];"
        "print(hashlib.sha256(json.dumps(made).encode()).hexdigest())"
    )
    made = [generate("validation"), generate("train"), vocabulary()]
    here = hashlib.sha256(json.dumps(made).encode()).hexdigest()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        run = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        assert run.stdout.strip() == here


def test_generation_is_quick() -> None:
    start = time.process_time()
    for split in SIZES:
        generate(split)
    assert time.process_time() - start < 1.5


def test_an_unknown_split_says_which_there_are() -> None:
    with pytest.raises(BadInputError, match="validation, train"):
        generate("test")


GOLDEN = {
    "subject_verb_agreement": (14, "The key near the doctor was old.", "The key near the doctor were old."),
    "determiner_noun_agreement": (130, "Those women described that apple.", "Those women described those apple."),
    "reflexive_agreement": (
        29,
        "Two boys behind the girl described themselves in the kitchen.",
        "Two boys behind the girl described herself in the kitchen.",
    ),
    "argument_structure": (34, "Peter offered Mary every letter.", "Peter mentioned Mary every letter."),
    "preposition_requirement": (67, "Peter admired her.", "Peter admired at her."),
    "word_order": (24, "The tall girl slept in the street.", "Tall the girl slept in the street."),
    "question_inversion": (105, "The boy knows when Sara can faint.", "The boy knows when can Sara faint."),
    "auxiliary_verb_form": (149, "Tom has chosen many books.", "Tom has chose many books."),
    "negation": (93, "Anna did not faint in the school.", "Anna did not fainted in the school."),
    "pronoun_case": (32, "Every king mentioned us.", "Every king mentioned we."),
    "comparative": (16, "The girls are older than the woman.", "The girls are more older than the woman."),
    "countability": (31, "Mary found too much bread in the garden.", "Mary found too many bread in the garden."),
    "article_sound": (9, "An honest king fainted.", "A honest king fainted."),
}


@pytest.mark.parametrize("phenomenon", sorted(GOLDEN))
def test_golden_pairs(phenomenon: str, splits: dict[str, Rows]) -> None:
    """Read by a person: the pair of this id, as it was written when it was judged."""
    number, right, wrong = GOLDEN[phenomenon]
    rows = {row["id"]: row for row in splits["validation"]}
    row = rows[f"validation-{number:05d}"]
    assert (row["sentence"], row["label"], row["phenomenon"]) == (right, 1, phenomenon)
    assert rows[row["twin"]]["sentence"] == wrong


def test_every_phenomenon_has_a_golden_pair() -> None:
    assert set(GOLDEN) == set(PHENOMENA)
