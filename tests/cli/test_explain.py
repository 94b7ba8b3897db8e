"""`xkd-bench explain`: the same words of every model beside each other, in the terminal and on one page."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

Cli = Callable[..., tuple[int, str, str]]
TEXT = "the careful queen described an egg ."
HOSTILE = "<script>alert(1)</script> the queen & \x1b[31m egg"


@pytest.fixture(scope="module")
def pair(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A teacher, and a student of other weights in a folder whose name is hostile."""
    import torch
    from safetensors.torch import load_file, save_file

    student = tmp_path_factory.mktemp("explained") / "<b>other"
    shutil.copytree(tiny_models / "grammar", student)
    weights = load_file(student / "model.safetensors")
    weights["classifier.weight"] = torch.flip(weights["classifier.weight"], dims=(1,)).contiguous()
    save_file(weights, student / "model.safetensors", metadata={"format": "pt"})
    return tiny_models / "grammar", student


@pytest.fixture
def explain(run_cli: Cli, pair: tuple[Path, Path], tmp_path: Path) -> Cli:
    def run(*arguments: object) -> tuple[int, str, str]:
        models = ("--teacher", pair[0], "--student", pair[1])
        return run_cli("explain", "--task", "grammar", "--store", tmp_path / "store", *models, *arguments)

    return run


def test_every_model_has_a_row_of_signed_numbers_under_the_same_words(explain: Cli) -> None:
    code, output, error = explain(TEXT, "--explainer", "lime,occlusion")
    assert code == 0, error
    for title in ("LIME", "Occlusion"):
        block = output[output.index(f"\n{title}") :]
        words, teacher, student = block.splitlines()[2:5]
        assert words.split() == TEXT.split()
        assert teacher.split()[:2] == ["grammar", "teacher"]
        assert student.split()[0] == "<b>other"
        for row in (teacher, student):
            assert len(re.findall(r"[+−]\d", row)) >= len(TEXT.split()) - 1
    assert "all 128 maskings, words deleted" in output
    assert "\x1b" not in output, "no colour where it is no terminal"


def test_the_teacher_beside_itself_has_cosine_one(explain: Cli, pair: tuple[Path, Path]) -> None:
    output = explain(TEXT, "--student", pair[0], "--explainer", "lime,integrated_gradients")[1]
    assert len(re.findall(r"^grammar +1\.000 ", output, flags=re.MULTILINE)) == 2


def test_the_page_is_one_file_that_loads_nothing_and_runs_nothing_of_a_text(explain: Cli, tmp_path: Path) -> None:
    page = tmp_path / "words.html"
    code, output, error = explain(HOSTILE, "--explainer", "lime", "--html", page)
    assert code == 0, error
    assert "\x1b" not in output
    html = page.read_text(encoding="utf-8")
    assert "<script" not in html
    assert "<b>other" not in html
    assert "&lt;script&gt;" in html
    assert "&lt;b&gt;other" in html
    assert "Content-Security-Policy" in html
    assert not re.findall(r"""(?:src|href)=(?!["']#)|url\(""", html)
    assert "prefers-color-scheme: dark" in html


@pytest.mark.parametrize("text", ["", "   ", "queen", "!!!", "🙂 👍🏽", "שלום עולם מה", "the queen " * 1500])
def test_odd_texts_say_what_is_missing_and_end_well(explain: Cli, text: str) -> None:
    code, output, error = explain(text, "--explainer", "occlusion", "--protocol", "quick")
    assert code == 0, error
    assert "grammar" in output
    assert "Traceback" not in output + error


def test_an_example_of_the_task_is_explained_with_its_label(explain: Cli) -> None:
    code, output, error = explain("--example", "agreement-0", "--explainer", "lime")
    assert code == 2
    wanted = re.search(r"found +'agreement-0'", error)
    assert wanted
    some = re.findall(r"split \S+: (\S+) …", error)[0]
    code, output, error = explain("--example", some, "--explainer", "lime")
    assert code == 0, error
    assert some in output
    assert "acceptable" in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--target", "lovely"), ("--target", "unacceptable, acceptable", "lovely")),
        (("--explainer", "limes"), ("did you mean lime",)),
        (("--fill", "blur"), ("--fill", "delete or mask")),
        (("--text-pair", "more"), ("--text-pair", "none, as demo/grammar is about single texts")),
        (("--protocol", "quik"), ("quick",)),
        (("--protocol", "paper", "--explainer", "lime"), ("which has no maskings",)),
    ],
)
def test_what_cannot_be_explained_is_refused_with_a_reason(
    explain: Cli, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    code, _, error = explain(TEXT, *arguments)
    assert code == 2
    for word in words:
        assert word in error


def test_without_text_or_model_it_says_what_to_give(run_cli: Cli, explain: Cli) -> None:
    assert "--example" in explain()[2]
    code, _, error = run_cli("explain", TEXT, "--task", "grammar")
    assert code == 2
    assert "at least one model" in error
    assert "an image file" in run_cli("explain", TEXT, "--task", "digits", "--student", "x")[2]
    assert "explain photo.png" in run_cli("explain", "--task", "digits", "--student", "x")[2]


def answers_of(model: Path, texts: list[str]) -> np.ndarray:
    """Log-odds of each class for each text, straight from the model."""
    from xkd_bench.models.checkpoint import open_checkpoint
    from xkd_bench.models.classifier import Classifier, Runtime
    from xkd_bench.models.fit import check_fit
    from xkd_bench.tasks.examples import TextInput
    from xkd_bench.tasks.registry import find_task

    checkpoint, card = open_checkpoint(str(model)), find_task("grammar").card
    classifier = Classifier(checkpoint, card, check_fit(checkpoint, card, "teacher"), Runtime("cpu"))
    logits = classifier.logits([TextInput(text) for text in texts])
    return np.stack([logits[:, 0] - logits[:, 1], logits[:, 1] - logits[:, 0]], axis=1)


def numbers_of(row: str) -> list[float]:
    return [float(found.replace("−", "-")) for found in re.findall(r"(?<= )[+−]?\d+\.\d+", row)]


def test_occlusion_is_what_the_model_loses_with_each_word(explain: Cli, pair: tuple[Path, Path]) -> None:
    """By hand: the words are deleted here, and the model is asked directly."""
    words = TEXT.split()
    without = [" ".join(words[:i] + words[i + 1 :]) for i in range(len(words))]
    output = explain(TEXT, "--explainer", "occlusion")[1]
    lines = output.splitlines()
    predicts = next(line for line in lines if line.split()[:1] == ["predicts"])
    assert predicts.split() == ["predicts", "p", "f(x)", "f(∅)"]
    rows = lines[lines.index(next(line for line in lines if line.startswith("Occlusion"))) + 2 :]
    target = int(answers_of(pair[0], [TEXT])[0].argmax())
    for place, (model, skipped) in enumerate(zip(pair, (0, 1), strict=True)):
        values = answers_of(model, [TEXT, *without, ""])[:, target]
        told = numbers_of(lines[lines.index(predicts) + 1 + place])
        assert told[-2:] == pytest.approx([values[0], values[-1]], abs=0.006)
        scores = numbers_of(rows[place])[skipped:]
        decimals = len(re.findall(r"\.(\d+)", rows[place])[-1])
        assert scores == pytest.approx(values[0] - values[1:-1], abs=0.6 * 10**-decimals + 2e-5)


def test_another_target_turns_every_sign(explain: Cli) -> None:
    found = {}
    for target in ("unacceptable", "acceptable"):
        output = explain(TEXT, "--explainer", "shap", "--target", target)[1]
        assert f"explained: “{target}”, as asked for" in output
        found[target] = numbers_of(output[output.index("\nShapley") :].splitlines()[3])
    assert found["acceptable"] == [-value for value in found["unacceptable"]]
    assert any(found["acceptable"])


def test_without_a_teacher_the_first_student_says_what_is_explained(run_cli: Cli, pair: tuple[Path, Path]) -> None:
    models = ("--student", pair[1], "--student", pair[0])
    output = run_cli("explain", TEXT, "--task", "grammar", *models, "--explainer", "occlusion")[1]
    label = ("unacceptable", "acceptable")[int(answers_of(pair[1], [TEXT])[0].argmax())]
    assert f"explained: “{label}”, which <b>other predicts" in output
    assert "cosine: of the centred scores, with those of <b>other" in output


def test_a_text_is_explained_alike_alone_and_in_company_and_from_the_store(explain: Cli) -> None:
    arguments = ("--explainer", "lime,integrated_gradients", "--protocol", "quick")
    long = f"{TEXT} the queen saw a bird"
    together = explain(TEXT, long, *arguments)[1]
    alone = explain(long, *arguments)[1]
    assert "sampled 256 of 2¹² maskings, words deleted; halves agree to 0." in alone
    block = alone[alone.index(f"\n{long}") :].replace(f"\n{long}", f"\n2  {long}", 1)
    assert together.endswith(block)
    assert explain(TEXT, long, *arguments)[1] == together


def test_an_example_is_explained_as_an_evaluation_explains_it(pair: tuple[Path, Path], tmp_path: Path) -> None:
    from xkd_bench.engine.comparison import compare
    from xkd_bench.engine.comparison_plan import Request, make_comparison_plan
    from xkd_bench.engine.explain import Measurement
    from xkd_bench.engine.questions import questions
    from xkd_bench.models.classifier import LazyClassifier, Runtime
    from xkd_bench.records.store import Store
    from xkd_bench.tasks.loading import load
    from xkd_bench.tasks.protocols import read_protocol
    from xkd_bench.tasks.registry import find_task

    task, protocol, names = find_task("grammar"), read_protocol("quick"), ("lime", "integrated_gradients")
    examples = load(task, "evaluation")
    sizes = [len(row.text.split()) for row in examples.inputs]  # type: ignore[union-attr]
    few = sorted(range(len(examples)), key=sizes.__getitem__)[-5:]
    chosen, models = [examples.example_ids[few[2]]], {"teacher": str(pair[0]), "students": [str(pair[1])]}
    request = Request(task, protocol, example_ids=chosen, explainers=names, **models)
    plan = make_comparison_plan(request, Runtime("cpu"))
    found = compare(plan, Store(tmp_path / "store")).inputs[0]
    assert found.explainers[0].maskings is not None
    assert found.explainers[0].maskings.sampled
    targets = np.full(len(few), ("unacceptable", "acceptable").index(found.target or ""))
    taken = examples.take(few)
    measure = Measurement(plan.settings, 2026, Store(tmp_path / "other"), taken, questions(taken, targets))
    student = plan.models[1]
    lazy = LazyClassifier(student.checkpoint, task.card, student.order, Runtime("cpu"))
    whole = measure.of(lazy, "student")
    for by in found.explainers:
        np.testing.assert_array_equal(by.rows[1].scores, whole.explanations[by.name][2].scores)


def test_one_word_has_a_score_and_no_cosine(explain: Cli) -> None:
    code, output, _ = explain("queen", "--explainer", "occlusion")
    assert code == 0
    assert "all 2 maskings" in output
    assert "<b>other: no cosine: fewer than three words that both models saw" in output


def test_no_text_is_answered_and_not_explained(explain: Cli, tmp_path: Path) -> None:
    code, output, _ = explain("", "--html", tmp_path / "page.html")
    assert code == 0
    assert "(no text)" in output
    assert "no word to explain" in output
    assert "predicts" in output
    assert "There is no word to explain" in (tmp_path / "page.html").read_text()


def test_words_beyond_the_window_are_counted_and_shown_as_unseen(explain: Cli, tmp_path: Path) -> None:
    output = explain("the queen " * 1500, "--explainer", "lime", "--protocol", "quick", "--html", tmp_path / "p.html")[
        1
    ]
    assert "2,976 more words lie beyond the task's window of 24 and were not seen" in " ".join(output.split())
    assert output.count("·") == 1 + 2 * 2, "the legend, and two words of each model: [CLS] and [SEP] have their places"
    html = (tmp_path / "p.html").read_text()
    assert len(re.findall(r'class="word unseen" title="no score"', html)) == 4


def test_a_tokenizer_without_a_mask_token_cannot_be_asked_so(
    explain: Cli, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    bare = shutil.copytree(pair[0], tmp_path / "bare")
    path = bare / "tokenizer_config.json"
    settings = json.loads(path.read_text())
    del settings["mask_token"]
    path.write_text(json.dumps(settings))
    page = tmp_path / "page.html"
    code, output, _ = explain(TEXT, "--student", bare, "--explainer", "lime", "--fill", "mask", "--html", page)
    assert code == 0
    assert "bare: the tokenizer cannot be asked so: it has no mask token" in output
    assert "words masked" in output
    assert "it has no mask token" in page.read_text()


def test_labels_without_names_are_said_to_be_assumed(explain: Cli, pair: tuple[Path, Path], tmp_path: Path) -> None:
    unnamed = shutil.copytree(pair[0], tmp_path / "unnamed")
    config = json.loads((unnamed / "config.json").read_text())
    config |= {"id2label": {"0": "LABEL_0", "1": "LABEL_1"}, "label2id": {"LABEL_0": 0, "LABEL_1": 1}}
    (unnamed / "config.json").write_text(json.dumps(config))
    output = explain(TEXT, "--student", unnamed, "--explainer", "occlusion", "--html", tmp_path / "page.html")[1]
    assert "unnamed: the labels have no names and are taken as unacceptable, acceptable" in output
    assert "unnamed: the labels have no names" in (tmp_path / "page.html").read_text()


def own_task(folder: Path, **changes: str) -> Path:
    """A task of pairs over a file that is not there: free texts need none."""
    lines = {
        "schema_version": "1",
        "name": '"own/pairs"',
        "title": '"<i>Pairs</i>"',
        "summary": '"Do they agree?"',
        "kind": '"classification"',
        "modality": '"pair"',
        "labels": '["unacceptable", "acceptable"]',
        "headline": '"accuracy"',
        "licence": '"own"',
        "citation": '"none"',
    } | changes
    text = "\n".join(f"{name} = {value}" for name, value in lines.items())
    data = '[data]\nsource = "files"\nevaluation = "none.jsonl"\n'
    columns = '[data.columns]\ntext = ["a"]\ntext_pair = ["b"]\nlabel = "label"\n'
    (folder / "own.toml").write_text(f"{text}\n\n{data}\n{columns}\n[inputs]\nmax_length = 24\n")
    return folder / "own.toml"


def test_both_texts_of_a_pair_are_explained_on_lines_of_their_own(
    run_cli: Cli, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    task = own_task(tmp_path)
    order = ("explain", "the queen saw an egg", "--task", task, "--student", pair[0], "--explainer", "lime")
    code, _, error = run_cli(*order)
    assert code == 2
    assert "one for each of the 1 texts, as own/pairs is about pairs" in error
    page = tmp_path / "page.html"
    code, output, error = run_cli(*order, "--text-pair", "she saw it", "--html", page)
    assert code == 0, error
    lines = [line.split() for line in output.splitlines()]
    assert ["she", "saw", "it"] in lines[lines.index(["the", "queen", "saw", "an", "egg"]) + 4 :]
    assert "all 256 maskings" in output
    assert "<i>Pairs" not in page.read_text()
    assert "&lt;i&gt;Pairs" in page.read_text()


def test_a_regression_explains_the_prediction(run_cli: Cli, pair: tuple[Path, Path], tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    model = shutil.copytree(pair[0], tmp_path / "regression")
    config = json.loads((model / "config.json").read_text())
    config |= {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}, "problem_type": "regression"}
    (model / "config.json").write_text(json.dumps(config))
    weights = load_file(model / "model.safetensors")
    weights |= {name: weights[name][:1].contiguous() for name in ("classifier.weight", "classifier.bias")}
    save_file(weights, model / "model.safetensors", metadata={"format": "pt"})
    task = own_task(tmp_path, kind='"regression"', labels="[]", headline='"spearman"')
    order = ("explain", "the queen", "--text-pair", "an egg", "--task", task, "--student", model)
    code, output, error = run_cli(*order, "--html", tmp_path / "page.html")
    assert code == 0, error
    assert "explained: the prediction" in output
    assert "− lowers the prediction, + raises the prediction" in output
    assert "Integrated gradients" in output
    assert "Probability" not in (tmp_path / "page.html").read_text()
    code, _, error = run_cli(*order, "--target", "acceptable")
    assert code == 2
    assert "none for a regression" in error


ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")
SHADES = re.compile(r"48;2;(\d+);(\d+);(\d+)m([^\x1b]+)\x1b")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Output is taken for a terminal with all colours, 100 columns wide."""
    for name, value in {"FORCE_COLOR": "1", "COLORTERM": "truecolor", "TERM": "xterm", "COLUMNS": "100"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    return monkeypatch


def test_a_terminal_shades_each_row_by_its_own_largest_score(explain: Cli, terminal: pytest.MonkeyPatch) -> None:
    from xkd_bench.cli.views.explain_shades import shade

    output = explain(TEXT, "--explainer", "shap")[1]
    rows = [line for line in output.splitlines() if "48;2" in line and "queen" in line]
    assert len(rows) == 2
    full = {shade(1.0), shade(-1.0)}
    for row in rows:
        found = ["#" + "".join(f"{int(part):02x}" for part in shown[:3]) for shown in SHADES.findall(row)]
        assert full & set(found), "the largest score has the full colour"
        assert ESCAPE.sub("", row).split()[-len(TEXT.split()) :] == TEXT.split()
    plain = [ESCAPE.sub("", row) for row in rows]
    terminal.setenv("NO_COLOR", "1")
    signs = numbers_of(ESCAPE.sub("", explain(TEXT, "--explainer", "shap")[1].split("Shapley")[1]).splitlines()[2])
    for word, score in zip(TEXT.split(), signs, strict=True):
        for red, _, blue, shown in SHADES.findall(rows[0]):
            assert shown.strip() != word or (int(blue) > int(red)) == (score > 0), "blue is for, orange against"
    assert [line.index("queen") for line in plain] == [plain[0].index("queen")] * 2, "words stand under each other"


def test_no_color_gives_numbers_in_place_of_shades(explain: Cli, terminal: pytest.MonkeyPatch) -> None:
    terminal.setenv("NO_COLOR", "1")
    output = explain(TEXT, "--explainer", "shap")[1]
    assert "48;2" not in output
    assert len(numbers_of(ESCAPE.sub("", output[output.index("Shapley") :]).splitlines()[2])) == len(TEXT.split())


def test_nothing_of_a_text_or_a_name_steers_the_terminal(explain: Cli, terminal: pytest.MonkeyPatch) -> None:
    output = explain("[bold]a \x1b]0;title\x07 queen \u202e egg[/bold]", "--explainer", "lime", "--protocol", "quick")[
        1
    ]
    left = ESCAPE.sub("", output)
    assert "\x1b" not in left
    assert "\x07" not in left
    assert "\u202e" not in left
    assert "[bold]a" in left
    assert "<b>other" in left


def luminance(colour: str) -> float:
    """Relative luminance by WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_shade_can_be_read_on_dark_and_on_light_terminals() -> None:
    from xkd_bench.cli.views.explain_shades import INK, shade

    for sign in (-1, 1):
        colours = [shade(sign * step / 20) for step in range(21)]
        assert min(contrast(INK, colour) for colour in colours) >= 4.5
        assert min(contrast(colour, page) for colour in colours for page in ("#000000", "#ffffff")) >= 4
        parts = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours]
        strengths = [max(part) - min(part) for part in parts]
        assert strengths == sorted(strengths)
        assert len(set(strengths)) == 21


def test_ink_can_be_read_on_the_page_s_full_shades_by_day_and_by_night() -> None:
    from xkd_bench.cli.pages.standalone import BOARD_STYLE, HERE

    for style in (BOARD_STYLE, HERE / "explain.css"):
        assert style.read_text().count("prefers-color-scheme: dark") == 1
    inks, shades = (
        [re.findall(rf"--{name}: (#\w{{6}})", path.read_text()) for name in names]
        for path, names in ((BOARD_STYLE, ["ink", "raised"]), (HERE / "explain.css", ["for", "against"]))
    )
    for place in range(2):
        for shade in shades:
            assert contrast(inks[0][place], shade[place]) >= 4.5


class Tags(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs


def test_the_policy_allows_the_page_s_own_style_and_nothing_else(explain: Cli, tmp_path: Path) -> None:
    page = tmp_path / "deep" / "words.html"
    hostile = '"><img src=x onerror=alert(1)> </style><style>*{} </span>'
    assert explain(HOSTILE, hostile, "--explainer", "lime", "--protocol", "quick", "--html", page)[0] == 0
    html = page.read_text(encoding="utf-8")
    style = re.findall(r"<style>(.*?)</style>", html, flags=re.DOTALL)
    assert len(style) == 1
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)[0].replace("&#39;", "'")
    assert policy.split("; ")[:2] == ["default-src 'none'", f"style-src 'sha256-{digest}'"]
    tags = Tags()
    tags.feed(html)
    assert not tags.tags & {"script", "img", "iframe", "link", "object", "form", "b"}
    names = {name for name, _ in tags.attributes}
    assert "style" not in names
    assert not [name for name in names if name.startswith("on")]


def test_the_page_carries_every_number_the_terminal_shows(explain: Cli, tmp_path: Path) -> None:
    output = explain(TEXT, "--explainer", "shap", "--html", tmp_path / "page.html")[1]
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    rows = output[output.index("\nShapley") :].splitlines()[3:5]
    for score in (found for row in rows for found in re.findall(r"[+−]\d+\.\d+", row)):
        assert f'title="{score}"' in html or score in re.findall(r'class="cosine">([^<]*)', html)
        assert f"<td>{score}</td>" in html or score in re.findall(r'class="cosine">([^<]*)', html)
    hues = set(re.findall(r'class="word (for|against) s\d+" title="([+−])', html))
    assert hues == {("for", "+"), ("against", "−")}
    assert str(tmp_path) not in html, "a page that is shared names no folder"


def test_a_page_that_cannot_be_written_is_one_clear_error(explain: Cli, tmp_path: Path) -> None:
    for place in (tmp_path, Path("/proc/nobody/page.html")):
        code, _, error = explain(TEXT, "--explainer", "occlusion", "--html", place)
        assert code == 2, error
        assert "a folder with room that can be written to" in error
        assert "Traceback" not in error
    assert not list(tmp_path.glob("*.html"))


@given(
    st.lists(st.integers(1, 30), max_size=40),
    st.integers(0, 40),
    st.integers(1, 60),
)
def test_lines_hold_every_word_once_and_break_at_the_second_text(widths: list[int], second: int, room: int) -> None:
    from xkd_bench.cli.explain_wording import in_lines
    from xkd_bench.tasks.words import Unit

    units = [Unit(0 if i < second else 1, i, i + 1, "x") for i in range(len(widths))]
    lines = in_lines(units, widths, room)
    assert [place for line in lines for place in line] == list(range(len(widths)))
    for line in lines:
        assert len(line) == 1 or sum(widths[place] for place in line) <= room
        assert len({units[place].segment for place in line}) == 1
    for line, following in pairwise(lines):
        same = units[line[0]].segment == units[following[0]].segment
        assert not same or sum(widths[place] for place in (*line, following[0])) > room, (
            "no line is shorter than it must"
        )


def test_names_are_as_short_as_they_can_be_and_still_differ() -> None:
    from xkd_bench.engine.comparison_plan import short_names

    places = [("/", "a", "run", "final"), ("/", "b", "run", "final"), ("hub", "model"), ("hub", "model")]
    assert short_names(places) == ["a/run/final", "b/run/final", "model", "model"]


def test_help_imports_nothing_heavy() -> None:
    script = (  # pydantic is typer's own, for the help of any verb
        "import sys\nfrom xkd_bench import cli\nsys.argv = ['xkd-bench', 'explain', '--help']\n"
        "try:\n    cli.main()\nexcept SystemExit:\n    pass\n"
        "heavy = ('torch', 'transformers', 'numpy', 'pyarrow', 'jinja2', 'rich')\n"
        "print('HEAVY', [name for name in heavy if name in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "--html" in output
    assert output.rstrip().endswith("HEAVY []")
