"""Texts with words deleted or replaced."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xkd_bench.explainers import distinct, masked_text, masked_texts, plan_coalitions
from xkd_bench.tasks.examples import TextInput
from xkd_bench.tasks.words import units_of


def without(text, *removed, fill="delete"):
    units = units_of(TextInput(text))
    mask = np.array([unit.text not in removed for unit in units], dtype=bool)
    return masked_text(TextInput(text), units, mask, fill).text


@pytest.mark.parametrize(
    ("text", "removed", "expected"),
    [
        ("Hello, big world!", ["big"], "Hello, world!"),
        ("Hello, big world!", ["world"], "Hello, big!"),
        ("Hello, big world!", [","], "Hello big world!"),
        ("Hello, big world!", ["Hello"], ", big world!"),
        ("Hello, big world!", ["!"], "Hello, big world"),
        ("Hello, big world!", ["big", "world"], "Hello,!"),
        ("Hello, big world!", ["Hello", ",", "big", "world", "!"], ""),
        ("a fine , warm film .", ["warm"], "a fine , film ."),
        ("a fine , warm film .", ["film"], "a fine , warm ."),
        ("the (big dog) ran", ["big"], "the (dog) ran"),
        ("the (big dog) ran", ["dog"], "the (big) ran"),
        ("the (big dog) ran", ["big", "dog"], "the () ran"),
        ('he said "big dog", she', ["big"], 'he said "dog", she'),
        ('he said "big dog", she', ["dog"], 'he said "big", she'),
        ("and/or", ["/"], "and or"),
        ("1,000 dollars", ["000"], "1, dollars"),
        ("one\ntwo three", ["two"], "one\nthree"),
        ("  one two  ", ["two"], "  one"),
        ("  one two  ", ["one"], "two  "),
        ("שלום עולם יפה", ["עולם"], "שלום יפה"),
        ("good 👍🏽 movie", ["👍🏽"], "good movie"),
        ("😀😀😂", ["😀"], "😂"),
    ],
)
def test_words_deleted(text, removed, expected):
    assert without(text, *removed) == expected


def test_words_replaced():
    assert without("Hello, big world!", "big", "!", fill="[MASK]") == "Hello, [MASK] world[MASK]"
    assert without(" a b", "a", "b", fill="<mask>") == " <mask> <mask>"


def test_a_pair_keeps_both_sides():
    pair = TextInput("a b", "c d.")
    units = units_of(pair)
    texts = masked_texts(pair, units, np.array([[1, 0, 1, 0, 1], [0, 0, 1, 1, 1], [1, 1, 0, 0, 0]], dtype=bool))
    assert texts == [("a", "c."), ("", "c d."), ("a b", "")]
    assert masked_text(TextInput("a", ""), units[:1], np.array([False])) == ("", "")


texts_with_spaces = st.lists(st.sampled_from(["a", "bc", "d's", ".", ",", '"', "(", ")", " ", "  ", "\n", "é", "😀"]))


@given(texts_with_spaces.map("".join), st.integers(0, 2**32 - 1))
def test_what_holds_for_every_masking(text, bits):
    row = TextInput(text)
    units = units_of(row)
    mask = np.array([bits >> (i % 32) & 1 for i in range(len(units))], dtype=bool)
    result = masked_text(row, units, mask).text
    kept = [unit.text for unit, keep in zip(units, mask, strict=True) if keep]
    assert [unit.text for unit in units_of(TextInput(result))] == kept or "-" in text
    assert masked_text(row, units, np.ones(len(units), dtype=bool)) == row
    if "  " not in text and " \n" not in text and "\n " not in text:
        assert "  " not in result
    filled = masked_text(row, units, mask, "#")
    assert "".join(filled.text.split()) == "".join(
        unit.text if keep else "#" for unit, keep in zip(units, mask, strict=True)
    )


def test_rows_equal_single_calls():
    row = TextInput("It's fine, isn't it?", "Yes.")
    units = units_of(row)
    masks = plan_coalitions(len(units), 1024, 1024, ()).masks
    for fill in ("delete", "[MASK]"):
        assert masked_texts(row, units, masks, fill) == [masked_text(row, units, mask, fill) for mask in masks]


def test_distinct_inputs_in_order_of_appearance():
    rows = [TextInput(text) for text in ("b", "a", "b", "c", "a")] + [TextInput("a", "")]
    unique, inverse = distinct(rows)
    assert unique == (("b", None), ("a", None), ("c", None), ("a", ""))
    assert inverse.tolist() == [0, 1, 0, 2, 1, 3]
    assert [unique[i] for i in inverse] == rows
    assert distinct([])[1].shape == (0,)
