"""Synonyms, and the lexicon they come from."""

from __future__ import annotations

import lzma
from importlib.resources import files
from pathlib import Path

import pytest

from xkd_bench.perturbations import lexicon
from xkd_bench.perturbations.lexicon.build import SOURCES, build
from xkd_bench.perturbations.registry import load
from xkd_bench.perturbations.word_classes import classed_words
from xkd_bench.perturbations.word_synonym import inflected_synonyms
from xkd_bench.randomness import generator

WORDNET = Path("/usr/share/wordnet")


def replaced(text: str, strength: str = "single_edit", seeds: int = 80) -> set[str | None]:
    return {load("word_synonym").perturb(text, generator("synonym", seed), strength) for seed in range(seeds)}  # type: ignore[operator]


def test_the_lexicon_is_wordnets() -> None:
    film = lexicon.entry("film", "n")
    assert film is not None
    assert {"movie", "picture", "flick"} <= set(film.synonyms)
    assert "film" not in film.synonyms
    assert lexicon.entry("good", "a").count > lexicon.entry("good", "n").count  # type: ignore[union-attr]
    assert lexicon.entry("new york", "n") is None
    assert "undecomposed" not in lexicon.entry("good", "a").synonyms  # type: ignore[union-attr]
    assert len(lexicon.entries()) == 52_589


def test_every_synonym_is_a_word_of_the_class_and_not_itself() -> None:
    for (word, part), entry in lexicon.entries().items():
        for other in entry.synonyms:
            assert other != word
            assert (other, part) in lexicon.entries()


def test_its_licence_lies_beside_it() -> None:
    text = files(lexicon).joinpath("LICENSE.txt").read_text()
    assert "Princeton" in text
    assert "without fee" in text


@pytest.mark.skipif(not (WORDNET / "data.noun").exists(), reason="needs WordNet's files (Debian: wordnet-base)")
def test_it_is_built_from_wordnets_files(tmp_path: Path) -> None:
    held = files(lexicon).joinpath(lexicon.FILE).read_bytes()
    assert lzma.decompress(build(WORDNET)) == lzma.decompress(held)
    for name in SOURCES:
        (tmp_path / name).write_text("another edition")
    with pytest.raises(ValueError, match=r"expected sha256 .* \(WordNet 3.0\)"):
        build(tmp_path)


def test_a_synonym_keeps_class_form_and_capitals() -> None:
    found = replaced("The teachers smiled.")
    assert "The instructors smiled." in found
    assert all(one is not None and one.startswith("The ") and one.endswith("ed.") for one in found)
    assert "Films" not in replaced("Films")
    assert "Movies" in replaced("Films")
    assert "MOVIES" in replaced("FILMS")


def test_be_have_do_names_and_function_words_have_none() -> None:
    assert replaced("She is in it and has had him.") == {None}
    assert replaced("in Paris") == {None}
    for one in classed_words("They have done it"):
        assert inflected_synonyms(one) == ()


def test_the_paper_replaces_three_words_of_ten() -> None:
    text = "good films show tired workers quickly leaving large dark houses"
    changed = [
        sum(a != b for a, b in zip(text.split(), one.split(), strict=True)) for one in replaced(text, "paper") if one
    ]
    assert set(changed) == {3}
