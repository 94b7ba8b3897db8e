"""What holds of every perturbation of texts: the same everywhere, one edit and no more, an answer to any text."""

from __future__ import annotations

import random as global_random
import subprocess
import sys
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from texts import GOLDEN, ODD_TEXTS, golden_cases

from xkd_bench.perturbations import nlpaug_engine, registry
from xkd_bench.perturbations.letters import letter_positions, words_of
from xkd_bench.perturbations.sets import perturb
from xkd_bench.randomness import generator
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.registry import find_task

NAMES = [name for name, card in registry.cards().items() if card.modality == "text"]
STRENGTHS = ("single_edit", "paper")
OF_LETTERS = ("char_replace", "keyboard_typo")
WORDS = "The teachers wrote a long letter because she BELIEVES it's well-known , ."
PROSE = st.lists(st.sampled_from(WORDS.split()), max_size=12).map(" ".join)
EVERYWHERE = [(name, strength) for name in NAMES for strength in STRENGTHS]


def once(name, text, strength="single_edit", seed=0):
    return registry.load(name).perturb(text, generator("test", seed), strength)


def test_there_are_six():
    assert NAMES == ["char_replace", "keyboard_typo", "spelling_mistake", "verb_tense", "word_swap", "word_synonym"]


@pytest.mark.parametrize("name", NAMES)
def test_golden_cases(name):
    cases = golden_cases(name)
    assert {case["strength"] for case in cases} == set(STRENGTHS)
    for case in cases:
        found = registry.load(name).perturb(case["text"], generator("golden", case["seed"]), case["strength"])
        assert found == case.get("expected"), case


def test_there_is_no_golden_folder_without_a_perturbation():
    assert {path.name for path in GOLDEN.iterdir()} == set(registry.cards())


DIGESTS = """
from xkd_bench.perturbations.registry import cards, load
from xkd_bench.perturbations.sets import perturb
from xkd_bench.tasks.loading import load as examples_of
from xkd_bench.tasks.registry import find_task
examples = examples_of(find_task("demo/grammar"), "evaluation", None)
few = examples.take(ORDER)
for name, card in cards().items():
    for strength in ("single_edit", "paper") if card.modality == "text" else ():
        made = perturb(few, load(name), 1, 2026, strength)
        back = dict(zip(made.examples.example_ids, made.examples.inputs))
        print(name, strength, [back[i] for i in sorted(back)])
"""


def test_texts_depend_on_no_process_no_hash_seed_and_no_order():
    orders = ("range(40)", "range(39, -1, -1)")
    said = [
        subprocess.run(
            [sys.executable, "-c", DIGESTS.replace("ORDER", order)],
            env={"PYTHONHASHSEED": seed, "PATH": "", "XKD_BENCH_DATA": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, order in zip(("1", "2"), orders, strict=True)
    ]
    assert said[0] == said[1]
    assert len(said[0].splitlines()) == len(NAMES) * len(STRENGTHS)


@pytest.mark.parametrize("name", NAMES)
def test_draws_differ_and_a_draw_repeats(name):
    examples = load(find_task("demo/grammar"), "evaluation", None).take(range(30))
    digests = [perturb(examples, registry.load(name), draw, 2026).digest for draw in (0, 1, 2, 0)]
    assert len(set(digests)) == 3
    assert digests[0] == digests[3]


@pytest.mark.parametrize(("name", "strength"), EVERYWHERE)
@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
def test_any_text_gets_an_answer_soon(name, strength, text):
    once(name, "Warm up a cache, as people do.", strength)
    started = time.perf_counter()
    found = once(name, text, strength)
    assert time.perf_counter() - started < 5
    assert found is None or (found != text and found.strip())


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=40)
@given(text=PROSE, seed=st.integers(0, 2**32))
def test_a_single_edit_changes_one_place_and_nothing_else(name, text, seed):
    found = once(name, text, seed=seed)
    if found is None:
        return
    if name in OF_LETTERS:
        assert len(found) == len(text)
        (place,) = [i for i, (a, b) in enumerate(zip(text, found, strict=True)) if a != b]
        assert place in letter_positions(text)
        assert found[place].isalpha()
        assert found[place].isupper() == text[place].isupper()
        return
    before, after = words_of(text), words_of(found)
    assert _without(text, before) == _without(found, after), "what is no word stays as it is"
    moved = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a.text != b.text]
    if name == "word_swap":
        first, second = moved[0], moved[-1]
        assert second == first + 1
        assert [after[first].text.lower(), after[second].text.lower()] == [
            before[second].text.lower(),
            before[first].text.lower(),
        ]
    else:
        assert len(moved) == 1


def _without(text, words):
    """What lies around the words of a text."""
    edges = [0, *(edge for word in words for edge in (word.start, word.end)), len(text)]
    return [text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]


@pytest.mark.parametrize(("name", "strength"), EVERYWHERE)
def test_global_randomness_is_left_alone(name, strength):
    global_random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    before = global_random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    once(name, "The teacher wrote a long letter because she believes it.", strength)
    assert (global_random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002


def test_every_letter_is_as_likely_to_be_hit():
    text = "Ten good words, a B and some"
    hits = np.zeros(len(text))
    for seed in range(3000):
        found = once("char_replace", text, seed=seed)
        hits[[i for i, (a, b) in enumerate(zip(text, found, strict=True)) if a != b]] += 1
    likely = letter_positions(text)
    assert "a" not in [text[i] for i in likely if i > 0 and text[i - 1] == " " and text[i + 1] == " "]
    assert hits.sum() == hits[likely].sum() == 3000
    assert chisquare(hits[likely]).pvalue > 0.001


def test_a_typo_is_a_neighbour_on_the_keyboard():
    neighbours = nlpaug_engine.keyboard_neighbours()
    assert set(neighbours["g"]) == set("rtyfhvbn")
    assert all(letter not in others and others for letter, others in neighbours.items())
    found = once("keyboard_typo", "Good")
    (place,) = [i for i, (a, b) in enumerate(zip("Good", found, strict=True)) if a != b]
    assert found[place].lower() in neighbours["Good"[place].lower()]


def test_a_misspelling_is_none_of_the_words_that_are_misspelt():
    known = nlpaug_engine.misspellings()
    assert "recive" in known["receive"]
    assert "lock" not in known.get("luck", ())
    assert not {mistake for mistakes in known.values() for mistake in mistakes} & set(known)
    assert once("spelling_mistake", "qwxz") is None


def test_words_change_places_only_with_a_neighbour():
    assert once("word_swap", "The cat") == "Cat the"
    assert once("word_swap", "NASA launched") == "launched NASA"
    assert once("word_swap", "yes, no") is None
    assert once("word_swap", "no no") is None
    assert once("word_swap", "it 's") is None
    swaps = {once("word_swap", "one two three", seed=seed) for seed in range(50)}
    assert swaps == {"two one three", "one three two"}
    assert all(a.end < b.start for a, b in pairwise(words_of("one two three")))
