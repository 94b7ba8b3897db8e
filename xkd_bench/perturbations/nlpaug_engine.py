"""nlpaug, made repeatable: its augmenters at the rates of the papers, and its tables for single edits.

nlpaug draws from the global generators of `random` and numpy. They are seeded around each call and given back as they
were, one call at a time. Its spelling lists come in the order of hashed strings, which changes with every process, so
they are sorted. It writes a text anew from its tokens, so spaces around punctuation may change; a text in which nothing
else has changed counts as unchanged.
"""

from __future__ import annotations

import random as global_random
import string
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any, Literal

import numpy as np

Augmenter = Literal["random_char", "keyboard", "spelling", "swap"]
_LOCK = Lock()


def augment(name: Augmenter, text: str, random: np.random.Generator) -> str | None:
    """The text as one of nlpaug's augmenters changes it with its own defaults; None where it changes no word."""
    augmenter = _augmenter(name)
    with _seeded(int(random.integers(2**32))):
        try:
            found = augmenter.augment(text)
        except (IndexError, ValueError):  # nlpaug on a text of one word, or with no word it may change
            found = []
    changed = str(found[0]) if found else text
    return None if changed.split() == text.split() or _letters(changed) == _letters(text) else changed


@cache
def keyboard_neighbours() -> dict[str, tuple[str, ...]]:
    """Letter → the letters beside it on a QWERTY keyboard."""
    import nlpaug.model.char as models

    path = _resources() / "char" / "keyboard" / "en.json"
    table = models.Keyboard(special_char=False, numeric=False, upper_case=False, model_path=str(path)).model
    return {
        letter: tuple(sorted(other for other in table[letter] if other in string.ascii_lowercase and other != letter))
        for letter in string.ascii_lowercase
    }


@cache
def misspellings() -> dict[str, tuple[str, ...]]:
    """Word → how people misspell it, in lower case. A misspelling that is a word of the list itself is left out: with
    "luck" for "lock" another word is used, not a wrong spelling."""
    import nlpaug.model.word_dict as models

    path = _resources() / "word" / "spelling" / "spelling_en.txt"
    table = models.Spelling(str(path), include_reverse=False).dict
    words = {word.lower() for word in table}
    found = {
        word.lower(): tuple(sorted({mistake.lower() for mistake in mistakes if mistake.isalpha()} - words))
        for word, mistakes in table.items()
        if word.isalpha()
    }
    return {word: mistakes for word, mistakes in sorted(found.items()) if mistakes}


@cache
def _augmenter(name: Augmenter) -> Any:
    import nlpaug.augmenter.char as characters
    import nlpaug.augmenter.word as words

    make: dict[Augmenter, Callable[[], Any]] = {
        "random_char": lambda: characters.RandomCharAug(action="substitute"),
        "keyboard": characters.KeyboardAug,
        "spelling": words.SpellingAug,
        "swap": lambda: words.RandomWordAug(action="swap"),
    }
    augmenter = make[name]()
    if name == "spelling":
        for mistakes in augmenter.model.dict.values():
            mistakes.sort()
    return augmenter


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    with _LOCK:
        before, numpy_before = global_random.getstate(), np.random.get_state()  # noqa: NPY002
        global_random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        try:
            yield
        finally:
            global_random.setstate(before)
            np.random.set_state(numpy_before)  # noqa: NPY002


def _letters(text: str) -> str:
    return "".join(text.split())


def _resources() -> Any:
    from importlib.resources import files

    return files("nlpaug") / "res"
