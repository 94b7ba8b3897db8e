"""`xkd-bench explain` of images: a map of patches for each model, in the terminal and on one page."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import shutil
from collections.abc import Callable
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Cli = Callable[..., tuple[int, str, str]]
ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")
SCORE = re.compile(r"[+−]?\d+\.\d+")
FEW = ("--protocol", "quick", "--explainer")


@pytest.fixture(scope="module")
def pair(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A ViT that cuts 8×8 pixels into 4×4 patches and resizes to that, and one of 2×2 in a folder of hostile name."""
    import torch
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

    folder = tmp_path_factory.mktemp("explained")
    processor = ViTImageProcessorPil(size={"height": 8, "width": 8})
    shutil.copytree(tiny_models / "digits", folder / "fine")
    config = ViTConfig.from_pretrained(folder / "fine")
    config.patch_size, config.initializer_range, config.num_hidden_layers = 4, 0.2, 2
    torch.manual_seed(3)
    ViTForImageClassification(config).save_pretrained(folder / "<b>coarse")
    for name in ("fine", "<b>coarse"):
        processor.save_pretrained(folder / name)
    return folder / "fine", folder / "<b>coarse"


@pytest.fixture
def explain(run_cli: Cli, pair: tuple[Path, Path], tmp_path: Path) -> Cli:
    def run(*arguments: object) -> tuple[int, str, str]:
        models = () if "--student" in arguments else ("--teacher", pair[0], "--student", pair[1])
        return run_cli("explain", "--task", "digits", "--store", tmp_path / "store", *models, *arguments)

    return run


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """48×32 pixels of noise, of a name that would be markup."""
    pixels = np.random.default_rng(1).integers(0, 256, (32, 48, 3)).astype(np.uint8)
    path = tmp_path / "secret folder" / '<img src=x onerror=alert(1)> "&.png'
    path.parent.mkdir()
    Image.fromarray(pixels).save(path)
    return path


def maps_of(output: str, title: str, rows: int) -> list[list[str]]:
    """The lines of numbers below an explainer's heading, in the terminal."""
    lines = output[output.index(f"\n{title}") :].splitlines()[4 : 4 + rows]
    return [SCORE.findall(line) for line in lines]


def test_maps_stand_side_by_side_on_the_coarser_grid(explain: Cli, photo: Path) -> None:
    code, output, error = explain(photo, *FEW, "lime,integrated_gradients")
    assert code == 0, error
    assert "48×32 pixels; explained: “" in output
    assert "mean colour: of the images of demo/digits, split validation (red 78" in output
    for title in ("LIME  all 16 maskings, patches of the mean colour", "Integrated gradients"):
        lines = output[output.index(f"\n{title}") :].splitlines()
        assert lines[2].split() == ["fine", "<b>coarse"]
        assert re.fullmatch(r"teacher +cosine [−\d.]+", lines[3])
        assert [len(row) for row in maps_of(output, title, 2)] == [4, 4], "2×2 patches of each model"
    assert "\x1b" not in output


def test_occlusion_is_what_the_model_loses_with_each_patch(explain: Cli, pair: tuple[Path, Path], photo: Path) -> None:
    """By hand: the patches are painted over here, and the model is asked directly."""
    from xkd_bench.models.checkpoint import open_checkpoint
    from xkd_bench.models.classifier import Classifier, Runtime
    from xkd_bench.models.fit import check_fit
    from xkd_bench.tasks.examples import ImageInput
    from xkd_bench.tasks.registry import find_task

    output = explain(photo, *FEW, "occlusion", "--student", pair[1], "--target", "three")[1]
    colour = [int(part) for part in re.findall(r"red (\d+), green (\d+), blue (\d+)", output)[0]]
    pixels = np.asarray(Image.open(photo))
    painted = [pixels]
    for top in (0, 16):
        for left in (0, 24):
            copy = pixels.copy()
            copy[top : top + 16, left : left + 24] = colour
            painted.append(copy)
    checkpoint, card = open_checkpoint(str(pair[1])), find_task("digits").card
    classifier = Classifier(checkpoint, card, check_fit(checkpoint, card, "student"), Runtime("cpu"))
    logits = classifier.logits([ImageInput(image) for image in painted])
    values = logits[:, 3] - np.log(np.exp(np.delete(logits, 3, axis=1)).sum(axis=1))
    lines = output[output.index("\nOcclusion") :].splitlines()
    shown = [float(score.replace("−", "-")) for line in lines[4:6] for score in SCORE.findall(line)]
    places = len(SCORE.findall(lines[4])[0].split(".")[1])
    assert shown == pytest.approx(values[0] - values[1:], abs=0.6 * 10**-places + 2e-5)


def test_an_example_is_explained_with_its_label_and_the_teacher_beside_itself_scores_one(
    explain: Cli, pair: tuple[Path, Path]
) -> None:
    code, output, error = explain("--example", "0", "--student", pair[0], "--teacher", pair[0], *FEW, "lime")
    assert code == 0, error
    assert "\nexample 0\n8×8 pixels, labelled zero; explained" in output
    assert re.search(r"teacher +cosine 1\.000", output)
    code, _, error = explain("--example", "1797", *FEW, "lime")
    assert code == 2
    assert "an id of demo/digits" in error


def test_an_example_is_explained_as_an_evaluation_explains_it(pair: tuple[Path, Path], tmp_path: Path) -> None:
    from xkd_bench.engine.comparison import compare
    from xkd_bench.engine.comparison_plan import Request, make_comparison_plan
    from xkd_bench.engine.explain import Measurement
    from xkd_bench.engine.plan import make_plan
    from xkd_bench.engine.questions import image_facts, questions
    from xkd_bench.models.classifier import Runtime
    from xkd_bench.records.store import Store
    from xkd_bench.tasks.protocols import read_protocol
    from xkd_bench.tasks.registry import find_task

    protocol, task, names = read_protocol("quick"), find_task("digits"), ("lime", "integrated_gradients")
    judged = make_plan(str(pair[1]), "digits", str(pair[0]), "quick", Runtime("cpu"), None)
    examples, facts = judged.examples.take([4, 9, 2]), image_facts(judged)
    request = Request(task, protocol, (), (), [examples.example_ids[1]], str(pair[0]), [str(pair[1])], names)
    plan = make_comparison_plan(request, Runtime("cpu"))
    assert plan.masked_with is not None
    assert plan.masked_with.facts == facts
    found = compare(plan, Store(tmp_path / "one")).inputs[0]
    targets = np.full(3, task.card.labels.index(found.target or ""))
    card = protocol.explanations.model_copy(update={"explainers": names})
    measure = Measurement(card, 2026, Store(tmp_path / "all"), examples, questions(examples, targets, facts), facts)
    whole = measure.of(judged.student, "student")
    for by in found.explainers:
        np.testing.assert_array_equal(by.rows[1].scores, whole.explanations[by.name][1].scores)


def test_the_page_carries_every_number_the_terminal_shows(explain: Cli, photo: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    output = explain(photo, *FEW, "shap", "--html", page)[1]
    html = unescape(page.read_text(encoding="utf-8"))
    shown = maps_of(output, "Shapley", 2)
    for model in range(2):
        scores = [row[2 * model + column] for row in shown for column in range(2)]
        figure = html[: html.rindex("<details")].split("<figure>")[2 + model]
        assert re.findall(r"<title>row \d, column \d: ([^<]+)</title>", figure) == scores
        assert f"full colour: {max(scores, key=lambda s: float(s.strip('+−'))).strip('+−')}" in figure
        for score, kind in zip(scores, re.findall(r'<rect class="(\w+)"', figure), strict=True):
            assert kind == ("for" if score.startswith("+") else "against")
        signs = re.findall(r'<text x="[\d.]+" y="[\d.]+" dy="0.34em">([+−])</text>', figure)
        assert set(signs) <= {score[0] for score in scores}, "readable without colour"
        assert all(f"<td>{score}</td>" in html for score in scores)
    cosine = re.findall(r"cosine (−?\d\.\d{3})", output)
    assert cosine
    assert f"<span>cosine {cosine[0]}</span>" in html


def test_an_overlay_is_as_opaque_as_its_score_is_large(explain: Cli, photo: Path, tmp_path: Path) -> None:
    explain(photo, *FEW, "shap", "--html", tmp_path / "page.html")
    for figure in (tmp_path / "page.html").read_text().split("<figure>")[2:4]:
        rects = re.findall(r'x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)" fill-opacity="([\d.]+)"', figure)
        assert [tuple(map(int, rect[:4])) for rect in rects] == [
            (0, 0, 24, 16), (24, 0, 24, 16), (0, 16, 24, 16), (24, 16, 24, 16)
        ]  # fmt: skip
        scores = [float(s.replace("−", "-")) for s in re.findall(r"column \d: ([^<]+)</title>", figure)]
        opacity = np.array([float(rect[4]) for rect in rects])
        assert opacity.max() == 0.82
        np.testing.assert_allclose(opacity, 0.82 * np.abs(scores) / np.abs(scores).max(), atol=0.01)


def test_the_page_is_one_file_that_loads_nothing_and_names_no_folder(
    explain: Cli, photo: Path, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    code, output, error = explain(photo, *FEW, "occlusion", "--html", page)
    assert code == 0, error
    html = page.read_text(encoding="utf-8")
    style = re.findall(r"<style>(.*?)</style>", html, flags=re.DOTALL)[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)[0].replace("&#39;", "'")
    assert policy.split("; ")[:3] == ["default-src 'none'", f"style-src 'sha256-{digest}'", "img-src data:"]
    assert not re.findall(r"<(?:script|img|iframe|link|object|form|b>coarse)", html)
    assert not re.findall(r"""\s(?:style|on\w+)=(?=["'])""", html)
    assert not re.findall(r"""(?:src|href)=["'](?!#|data:image/png;base64,)|url\(""", html)
    assert "&lt;img src=x onerror=alert(1)&gt; &#34;&amp;.png" in html
    assert "&lt;b&gt;coarse" in html
    for hidden in ("secret folder", str(tmp_path), str(pair[0].parent)):
        assert hidden not in html
    assert "secret folder" not in output


def test_the_image_is_on_the_page_pixel_by_pixel(explain: Cli, photo: Path, tmp_path: Path) -> None:
    explain(photo, *FEW, "occlusion,shap", "--html", tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text()
    images = [Image.open(io.BytesIO(base64.b64decode(found))) for found in re.findall(r"base64,([^\"]+)", html)]
    assert [image.mode for image in images] == ["RGB", "L"], "once each, however many maps there are"
    np.testing.assert_array_equal(np.asarray(images[0]), np.asarray(Image.open(photo)))
    assert html.count('<svg class="coarse"') == 6
    assert "image-rendering: pixelated" in html


def test_a_large_image_is_read_smaller_and_the_output_says_so(explain: Cli, tmp_path: Path) -> None:
    Image.new("RGBA", (2048, 1024), (200, 30, 30, 128)).save(tmp_path / "large.png")
    code, output, error = explain(tmp_path / "large.png", *FEW, "occlusion", "--html", tmp_path / "page.html")
    assert code == 0, error
    assert "1024×512 pixels, from 2048×1024 pixels, RGB from RGBA; explained" in output
    html = (tmp_path / "page.html").read_text()
    assert 'viewBox="0 0 1024 512"' in html
    assert max(Image.open(io.BytesIO(base64.b64decode(re.findall(r"base64,([^\"]+)", html)[0]))).size) == 512


def test_mid_grey_stands_in_where_the_task_s_images_are_not_at_hand(run_cli: Cli, photo: Path, tmp_path: Path) -> None:
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

    from xkd_bench.tasks.registry import find_task

    labels = find_task("cifar10").card.labels
    names = {"id2label": dict(enumerate(labels)), "label2id": {label: i for i, label in enumerate(labels)}}
    sizes = {"image_size": 8, "patch_size": 4, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    ViTForImageClassification(ViTConfig(intermediate_size=8, **sizes, **names)).save_pretrained(tmp_path / "model")
    ViTImageProcessorPil(size={"height": 8, "width": 8}).save_pretrained(tmp_path / "model")
    order = ("explain", photo, "--task", "cifar10", "--student", tmp_path / "model", *FEW, "occlusion")
    for more in ((), ("--data-root", tmp_path)):
        code, output, error = run_cli(*order, "--store", tmp_path / "store", *more)
        assert code == 0, error
        assert "mean colour: mid grey, as the images of cifar/cifar10, split test, are not at hand" in output


def test_another_fill_is_said_and_only_fills_of_images_are_taken(explain: Cli, photo: Path) -> None:
    assert "all 16 maskings, patches blurred" in explain(photo, *FEW, "occlusion", "--fill", "blur")[1]
    code, _, error = explain(photo, *FEW, "occlusion", "--fill", "delete")
    assert code == 2
    assert "mean or blur" in error


@pytest.mark.parametrize("more", [("--explainer", "paper_lime"), ("--protocol", "paper")])
def test_an_explainer_of_texts_alone_is_refused(explain: Cli, photo: Path, more: tuple[str, ...]) -> None:
    code, _, error = explain(photo, *more)
    assert code == 2
    assert "one that explains images" in error


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"FORCE_COLOR": "1", "COLORTERM": "truecolor", "TERM": "xterm", "COLUMNS": "100"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.usefixtures("terminal")
def test_a_terminal_shades_patches_and_marks_them_with_signs(
    explain: Cli, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xkd_bench.cli.views.explain_shades import shade

    output = explain(photo, *FEW, "shap")[1]
    lines = [line for line in output[output.index("Shapley") :].splitlines() if "▀" in line]
    assert len(lines) == 8, "2 rows of patches, 4 lines each"
    shades = [re.findall(r"48;2;(\d+);(\d+);(\d+)m([ +−]{8})\x1b", line) for line in lines]
    assert {len(row) for row in shades} == {4}
    found = {"#" + "".join(f"{int(part):02x}" for part in cell[:3]) for row in shades for cell in row}
    assert found & {shade(1.0), shade(-1.0)}, "the largest score has the full colour"
    signs = "".join(cell[3] for row in shades for cell in row)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = ESCAPE.sub("", explain(photo, *FEW, "shap")[1])
    numbers = [score for row in maps_of(plain, "Shapley", 2) for score in row]
    for sign in "+−":
        assert signs.count(sign) <= sum(score.startswith(sign) for score in numbers)
    assert "\x1b" not in ESCAPE.sub("", output)


@pytest.mark.usefixtures("terminal")
def test_maps_that_do_not_fit_beside_each_other_stand_below(
    explain: Cli, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("NO_COLOR", "1")
    lines = ESCAPE.sub("", explain(photo, *FEW, "shap")[1]).splitlines()
    assert lines.count("fine") == lines.count("<b>coarse") == 1
