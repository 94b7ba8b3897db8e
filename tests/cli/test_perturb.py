"""`xkd-bench perturb`: examples before and after, with what went and what came."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from xkd_bench.cli.perturbed_examples import differences, segments
from xkd_bench.tasks.examples import TextInput

Cli = Callable[..., tuple[int, str, str]]


def test_letters_are_shown_inside_words_and_other_words_whole() -> None:
    assert differences("good fun.", "good tun.") == [
        ("same", "good "),
        ("removed", "f"),
        ("added", "t"),
        ("same", "un."),
    ]
    assert differences("a long day", "a big day") == [
        ("same", "a "),
        ("removed", "long"),
        ("added", "big"),
        ("same", " day"),
    ]
    assert differences("same", "same") == [("same", "same")]


@settings(deadline=None, max_examples=100)
@given(before=st.text(alphabet="ab c.", max_size=20), after=st.text(alphabet="ab c.", max_size=20))
def test_the_pieces_give_both_texts_back(before: str, after: str) -> None:
    pieces = differences(before, after)
    assert "".join(text for kind, text in pieces if kind != "added") == before
    assert "".join(text for kind, text in pieces if kind != "removed") == after


def test_of_a_pair_the_other_text_stays() -> None:
    told = segments(TextInput("one two", "three"), TextInput("two one", "three"))
    assert told[1] == [("same", "three")]
    assert any(kind != "same" for kind, _ in told[0])


def test_examples_in_the_terminal_and_on_a_page(tmp_path: Path, run_cli: Cli) -> None:
    page = tmp_path / "page.html"
    code, output, _ = run_cli(
        "perturb", "--task", "grammar", "--perturbation", "keyboard_typo", "--show", 4, "--html", page
    )
    assert code == 0
    assert len(re.findall(r"\[-[a-zA-Z]-\]\{\+[a-zA-Z]\+\}", output)) == 4
    assert "draw 0: 100% of 4 changed, by 1.0 letters and 1.0 words on average" in output
    html = page.read_text()
    assert html.count("<del>") == html.count("<ins>") == 4
    assert not re.search(r'(src|href)="(?!data:|#)', html)
    again = run_cli("perturb", "--task", "grammar", "--perturbation", "keyboard_typo", "--show", 4)[1]
    assert output.startswith(again.rstrip())
    other = run_cli("perturb", "--task", "grammar", "--perturbation", "keyboard_typo", "--show", 4, "--draw", 1)[1]
    assert other != again


def test_images_are_shown_on_a_page(tmp_path: Path, run_cli: Cli) -> None:
    page = tmp_path / "page.html"
    code, output, _ = run_cli("perturb", "--task", "digits", "--perturbation", "shift", "--show", 2)
    assert code == 0
    assert "8 × 8 pixels, moved by" in output
    assert "--html page.html shows the pictures" in output
    run_cli("perturb", "--task", "digits", "--perturbation", "shift", "--show", 2, "--html", page)
    assert page.read_text().count('src="data:image/png;base64,') == 6


def test_a_text_that_cannot_be_changed_says_so(tmp_path: Path, run_cli: Cli) -> None:
    (tmp_path / "dev.csv").write_text('id,text,label\n1,"12 + 34 <b>",yes\n2,because,no\n')
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\ntitle = "Mine"\nsummary = "Mine."\nmodality = "text"\nlabels = ["no", "yes"]\n'
        'headline = "mcc"\nlicence = "mine"\ncitation = "none"\n[data]\nsource = "files"\nevaluation = "dev.csv"\n'
        '[data.columns]\nid = ["id"]\ntext = ["text"]\n'
    )
    call = ("perturb", "--task", tmp_path / "mine.toml", "--perturbation", "spelling_mistake")
    code, output, _ = run_cli(*call, "--html", tmp_path / "page.html")
    assert code == 0
    assert "cannot be changed so" in output
    assert "50% of 2 changed" in output
    assert "<b>" not in (tmp_path / "page.html").read_text()
    alone = run_cli(*call, "--example", "2")[1]
    assert "12 + 34" not in alone


def test_what_cannot_be_shown_is_refused(run_cli: Cli) -> None:
    for arguments, said in (
        (("--task", "digits", "--perturbation", "word_swap"), "of modality text"),
        (("--task", "grammar", "--perturbation", "word_swop"), "did you mean word_swap"),
        (("--task", "grammar", "--perturbation", "word_swap", "--example", "nine"), "'nine'"),
        (("--task", "grammar", "--perturbation", "word_swap", "--strength", "double"), "single_edit, paper"),
    ):
        code, _, errors = run_cli("perturb", *arguments)
        assert code != 0
        assert said in errors
