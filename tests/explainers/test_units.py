"""Words of the raw text, and token scores of every kind of tokenizer carried to them."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from xkd_bench.explainers import unit_of_tokens, words_from_tokens
from xkd_bench.tasks.examples import TextInput
from xkd_bench.tasks.words import Unit, units_of

CANONICAL = re.compile(r"\w+(?:['’\-]\w+)*|[^\w\s]")
TEXTS = [
    "The cat didn't sit on the well-known mat, did it?",
    "  two  spaces\tand\nlines ",
    "unaffable unbelievably cats’ 1,000.50 $5 snake_case",
    "café naïve e\u0301te\u0301 Zürich straße",
    "我爱你 abc 日本語 テスト",
    "שלום עולם! بِسْمِ اللَّهِ می‌خواهم",
    "हिन्दी में लिखो",
    "good 👍🏽 movie ❤️❤️ 👩‍👧!!! 😀😀",
    "...?!--",
    "",
    "   ",
]


def words(text, pair=None):
    return [unit.text for unit in units_of(TextInput(text, pair))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's a well-known fact.", ["It's", "a", "well-known", "fact", "."]),
        ("don’t -x a--b", ["don’t", "-", "x", "a", "-", "-", "b"]),
        ("e\u0301te\u0301 x\u0301-y", ["e\u0301te\u0301", "x\u0301-y"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("❤️👍🏽 !", ["❤️", "👍🏽", "!"]),
        ("می‌خواهم", ["می‌خواهم"]),
        ("a\u200bb", ["a", "\u200b", "b"]),
        ("\u0301x", ["\u0301", "x"]),
        ("1,000 $5", ["1", ",", "000", "$", "5"]),
        ("", []),
        (" \n\t\u00a0", []),
    ],
)
def test_words_of_a_text(text, expected):
    assert words(text) == expected


def test_both_segments_have_their_own_offsets():
    assert units_of(TextInput("a b", "b.")) == (
        Unit(0, 0, 1, "a"),
        Unit(0, 2, 3, "b"),
        Unit(1, 0, 1, "b"),
        Unit(1, 1, 2, "."),
    )


def test_punctuation_is_not_an_emoji_or_a_word():
    flags = {unit.text: unit.is_punctuation for unit in units_of(TextInput("a . “ ` $ — ¿ 😀 ❤️ € 中 _"))}
    assert [text for text, flag in flags.items() if flag] == [".", "“", "`", "$", "—", "¿", "_"]


@given(st.text(max_size=60))
def test_every_visible_character_is_in_one_unit(text):
    units = units_of(TextInput(text))
    inside = np.zeros(len(text), dtype=int)
    for unit in units:
        assert unit.text == text[unit.start : unit.end] != ""
        inside[unit.start : unit.end] += 1
    assert inside.max(initial=0) <= 1
    assert all(text[i].isspace() for i in np.flatnonzero(inside == 0))


@given(st.text(max_size=60).filter(lambda t: not any(unicodedata.category(c)[0] in "MC" for c in t)))
def test_without_marks_it_is_the_canonical_expression(text):
    if not any(0x1F3FB <= ord(c) <= 0x1F3FF for c in text):
        assert words(text) == CANONICAL.findall(text)


def word_piece():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    specials = ["[UNK]", "[CLS]", "[SEP]", "[PAD]"]
    tokenizer.train_from_iterator(TEXTS, trainers.WordPieceTrainer(vocab_size=200, special_tokens=specials))
    tokenizer.post_processor = template(tokenizer, "[CLS]", "[SEP]")
    return tokenizer


def byte_level(prefix=False, trim=False):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    trainer = trainers.BpeTrainer(
        vocab_size=330, special_tokens=["<s>", "</s>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    ids = [(token, tokenizer.token_to_id(token)) for token in ("</s>", "<s>")]
    tokenizer.post_processor = processors.RobertaProcessing(*ids, trim_offsets=trim, add_prefix_space=prefix)
    return tokenizer


def unigram():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    specials = ["<unk>", "<s>", "</s>"]
    trainer = trainers.UnigramTrainer(vocab_size=200, special_tokens=specials, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.post_processor = template(tokenizer, "<s>", "</s>")
    return tokenizer


def template(tokenizer, start, end):
    return processors.TemplateProcessing(
        single=f"{start} $A {end}",
        pair=f"{start} $A {end} $B:1 {end}:1",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in (start, end)],
    )


@pytest.fixture(
    scope="module",
    params=[word_piece, byte_level, lambda: byte_level(True), lambda: byte_level(True, True), unigram],
    ids=["word piece", "byte level", "byte level, space first", "byte level, trimmed", "unigram"],
)
def tokenizer(request):
    return request.param()


def by_hand(unit, offset, segment):
    """Characters a token shares with a unit, counted one by one."""
    return len(set(range(*offset)) & set(range(unit.start, unit.end))) if unit.segment == segment else 0


@pytest.mark.parametrize("pair", [None, "Yes, it's “fine” 👍🏽."])
@pytest.mark.parametrize("text", TEXTS)
def test_scores_reach_the_words_they_overlap(tokenizer, text, pair):
    encoding = tokenizer.encode(text, pair)
    units = units_of(TextInput(text, pair))
    scores = np.random.default_rng(len(text)).normal(size=len(encoding.ids))
    result = words_from_tokens(units, encoding.offsets, encoding.sequence_ids, scores)
    expected, dropped = np.zeros(len(units)), 0.0
    for offset, segment, score in zip(encoding.offsets, encoding.sequence_ids, scores, strict=True):
        shared = [by_hand(unit, offset, segment) for unit in units]
        if max(shared, default=0):
            expected[shared.index(max(shared))] += score
        else:
            dropped += score
    np.testing.assert_allclose(result.scores, expected, atol=1e-14)
    assert result.dropped == pytest.approx(dropped)
    assert result.scores.sum() + result.dropped == pytest.approx(scores.sum())
    specials = [i for i, segment in enumerate(encoding.sequence_ids) if segment is None]
    assert specials
    # Some tokenizers give a special token's offsets, some a token of nothing but a leading space.
    assert result.special_share >= np.abs(scores[specials]).sum() / np.abs(scores).sum() - 1e-12
    assert result.special_share + result.stray_share <= 1 + 1e-12
    unseen = [unit.text for unit, seen in zip(units, result.covered, strict=True) if not seen]
    assert unseen == [], "nothing was truncated"


def test_the_leading_space_of_a_byte_level_token_counts_for_nothing():
    units = units_of(TextInput("a bc d"))
    offsets = [(0, 0), (0, 1), (1, 3), (3, 4), (4, 6), (4, 5), (0, 0)]
    found, covered = unit_of_tokens(units, offsets, [None, 0, 0, 0, 0, 0, None])
    assert found.tolist() == [-1, 0, 1, 1, 2, -1, -1]
    assert covered.all()


def test_a_token_over_several_words_goes_to_the_largest_share_and_the_first_of_equals():
    units = units_of(TextInput("!!! ab.", "!"))
    found, covered = unit_of_tokens(units, [(0, 3), (3, 7), (1, 3)], [0, 0, 0])
    assert found.tolist() == [0, 3, 1]
    assert covered.tolist() == [True, True, True, True, True, False]


def test_truncated_words_are_not_covered(tokenizer):
    text = "The cat didn't sit on the well-known mat, did it?"
    tokenizer.enable_truncation(9)
    encoding = tokenizer.encode(text)
    tokenizer.no_truncation()
    units = units_of(TextInput(text))
    last = max(end for _, end in encoding.offsets)
    result = words_from_tokens(units, encoding.offsets, encoding.sequence_ids, np.ones(len(encoding.ids)))
    assert result.covered.tolist() == [unit.start < last for unit in units]
    assert not result.covered[-1]
    assert (result.scores[~result.covered] == 0).all()


def test_shares_and_largest_by_hand():
    units = units_of(TextInput("ab  c"))
    offsets, segments = [(0, 0), (0, 1), (1, 2), (2, 4), (4, 5)], [None, 0, 0, 0, 0]
    summed = words_from_tokens(units, offsets, segments, np.array([-2.0, 1.0, 3.0, -1.0, -3.0]))
    assert summed.scores.tolist() == [4.0, -3.0]
    assert (summed.dropped, summed.special_share, summed.stray_share) == (-3.0, 0.2, 0.1)
    largest = words_from_tokens(units, offsets, segments, np.array([2.0, 1.0, 3.0, 1.0, 3.0]), aggregate="max")
    assert largest.scores.tolist() == [3.0, 3.0]
    with pytest.raises(ValueError, match="negative"):
        words_from_tokens(units, offsets, segments, -np.ones(5), aggregate="max")
    with pytest.raises(ValueError, match="one score"):
        words_from_tokens(units, offsets, segments, np.ones(4))
    with pytest.raises(ValueError, match="segment"):
        unit_of_tokens(units, offsets, segments[1:])


def test_nothing_to_carry():
    nothing = words_from_tokens((), [(0, 0), (0, 0)], [None, None], np.zeros(2))
    assert nothing.scores.shape == nothing.covered.shape == (0,)
    assert (nothing.dropped, nothing.special_share, nothing.stray_share) == (0.0, 0.0, 0.0)
    assert not words_from_tokens(units_of(TextInput("a")), [], [], np.zeros(0)).covered.any()


@settings(max_examples=100)
@given(st.data())
def test_totals_agree_for_any_spans(data):
    text = data.draw(st.text(alphabet="ab .'-", max_size=20))
    units = units_of(TextInput(text, text))
    span = st.tuples(st.integers(0, 22), st.integers(0, 22)).map(lambda ends: tuple(sorted(ends)))
    tokens = data.draw(st.lists(st.tuples(span, st.sampled_from([0, 1, None]), st.floats(-9, 9))))
    scores = np.array([score for *_, score in tokens])
    result = words_from_tokens(units, [span for span, *_ in tokens], [segment for _, segment, _ in tokens], scores)
    assert result.scores.sum() + result.dropped == pytest.approx(scores.sum(), abs=1e-9)
    assert (result.scores[~result.covered] == 0).all()
