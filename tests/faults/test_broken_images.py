"""Images that are broken, odd or of the wrong size: one clear message each, or an answer that says what was read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from own_data import assert_refused, files_below
from own_images import encoded, pixels, without_pixels, write_image_task
from PIL import Image

from xkd_bench.errors import BadInputError
from xkd_bench.tasks.images import MOST_PIXELS, image_of, read_image

Cli = Callable[..., tuple[int, str, str]]
GOOD = [encoded(pixels(seed=i)) for i in range(10)]
ONE = "one PNG or JPEG image of at most 80 million pixels"


@pytest.fixture(scope="module")
def labels() -> tuple[str, ...]:
    from xkd_bench.tasks.registry import find_task

    return find_task("demo/digits").card.labels


@pytest.fixture(scope="module")
def resizing(tiny_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small ViT with an image processor that resizes; the usual one does not."""
    folder = tmp_path_factory.mktemp("resizing") / "model"
    shutil.copytree(tiny_models / "digits", folder)
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"do_resize": True}))
    return folder


@pytest.fixture
def evaluate(run_cli: Cli, tiny_models: Path, tmp_path: Path, labels: tuple[str, ...]) -> Callable[..., Any]:
    """Judge the small ViT on a task of these cells; where it is refused, see that nothing was written."""

    def run(cells: list[Any], model: Path = tiny_models / "digits", *more: object) -> tuple[int, str, str]:
        task = write_image_task(tmp_path / "task", cells, labels)
        places = ("--store", tmp_path / "store", "--output", tmp_path / "entry")
        outcome = run_cli("evaluate", model, "--task", task, *places, "--no-timing", *more)
        if outcome[0]:
            assert not (tmp_path / "entry").exists(), files_below(tmp_path / "entry")
        return outcome

    return run


@pytest.fixture
def explain(run_cli: Cli, resizing: Path, tmp_path: Path) -> Callable[..., Any]:
    """Explain an image file of these bytes to a model that resizes it."""

    def run(content: bytes, *more: object) -> tuple[int, str, str]:
        (tmp_path / "photo").write_bytes(content)
        models = ("--teacher", resizing, "--student", resizing, "--store", tmp_path / "store", "--protocol", "quick")
        return run_cli("explain", tmp_path / "photo", "--task", "digits", *models, *more)

    return run


def animated(format: str) -> bytes:
    frames = [Image.fromarray(pixels(seed=i)) for i in range(3)]
    return encoded(frames[0], format, save_all=True, append_images=frames[1:])


BROKEN: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "a PNG that was cut": (GOOD[3][:90], ("truncated",)),
    "a PNG of altered bytes": (GOOD[3][:60] + b"xxxx" + GOOD[3][64:], ("broken data stream",)),
    "a JPEG that was cut": (encoded(pixels(64, 64), "JPEG")[:400], ("OSError",)),
    "no image": (b"They drank the pub.", ("a file that is none of PNG, JPEG",)),
    "nothing": (b"", ("an empty file",)),
    "PostScript, for which Pillow would start a program": (b"%!PS-Adobe-3.0 EPSF-3.0\n", ("none of PNG",)),
    "an animated GIF": (animated("GIF"), ("an animation or several pages (GIF)", "save one of them")),
    "an animated PNG": (animated("PNG"), ("an animation or several pages (PNG)", "save one of them")),
    "a TIFF of pages": (animated("TIFF"), ("an animation or several pages (TIFF)", "save one of them")),
    "numbers of 32 bits": (encoded(Image.new("F", (8, 8)), "TIFF"), ("32 bits", "mode F")),
    "too many pixels": (without_pixels(10_000, 8_001), ("10000×8001 pixels", "make it smaller")),
    "a decompression bomb": (without_pixels(60_000, 60_000), ("more pixels than that", "make it smaller")),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_image_is_refused_by_file_and_by_row(name: str, tmp_path: Path) -> None:
    content, words = BROKEN[name]
    (tmp_path / "photo.png").write_bytes(content)
    for where, read in (
        (str(tmp_path / "photo.png"), lambda: read_image(tmp_path / "photo.png")),
        ("pictures, row 4", lambda: image_of(content, "pictures, row 4")),
        ("pictures, row 4", lambda: image_of({"bytes": content, "path": None}, "pictures, row 4")),
    ):
        with pytest.raises(BadInputError) as caught:
            read()
        assert caught.value.where == where
        assert caught.value.expected == ONE
        for word in words:
            assert word in str(caught.value)


def test_a_broken_row_is_named_before_any_model_runs(evaluate: Callable[..., Any]) -> None:
    cells = [*GOOD[:7], BROKEN["a PNG that was cut"][0], *GOOD[8:]]
    assert_refused(evaluate(cells), "own/pictures, split rows, row 7", ONE, "truncated", "replace the image")
    assert_refused(evaluate([*GOOD[:2], None]), "own/pictures, split rows, row 2", "no image")


def test_a_broken_file_is_named(explain: Callable[..., Any], tmp_path: Path) -> None:
    assert_refused(explain(BROKEN["a JPEG that was cut"][0]), str(tmp_path / "photo"), ONE)


@pytest.mark.parametrize(("name", "found"), [("none.png", "no such file"), (".", "a folder"), ("a" * 5000, "a file")])
def test_a_file_that_is_not_there_is_named(run_cli: Cli, resizing: Path, name: str, found: str) -> None:
    outcome = run_cli("explain", name, "--task", "digits", "--student", resizing)
    assert_refused(outcome, "an image file, e.g. photo.png", found, "--example")


ODD = {
    "transparent": (encoded(pixels(channels=4)), "RGB from RGBA"),
    "grey": (encoded(pixels(channels=0)), "RGB from L"),
    "black and white": (encoded(Image.fromarray(pixels(channels=0)).convert("1")), "RGB from 1"),
    "of a palette": (encoded(Image.fromarray(pixels()).convert("P")), "RGB from P"),
    "a transparent GIF": (encoded(Image.fromarray(pixels(channels=4)), "GIF"), "RGB from P"),
    "for print": (encoded(Image.fromarray(pixels()).convert("CMYK"), "JPEG"), "RGB from CMYK"),
    "of 16 bits": (encoded(Image.fromarray(pixels(channels=0).astype(np.uint16) * 257)), "RGB from I;16"),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_image_is_read_as_rgb_and_the_output_says_so(name: str, tmp_path: Path) -> None:
    content, told = ODD[name]
    (tmp_path / "photo").write_bytes(content)
    image, how_read = read_image(tmp_path / "photo")
    assert image.pixels.shape == (8, 8, 3)
    assert image.pixels.dtype == np.uint8
    assert how_read == f"8×8 pixels, {told}"
    np.testing.assert_array_equal(image_of(content, "row").pixels, image.pixels)


def test_what_rgb_is_made_of() -> None:
    grey = pixels(channels=0)
    same = np.repeat(grey[:, :, None], 3, axis=2)
    for content in (ODD["grey"][0], ODD["of 16 bits"][0], grey, grey[:, :, None], grey.astype(np.int64), same.tolist()):
        np.testing.assert_array_equal(image_of(content, "row").pixels, same)
    np.testing.assert_array_equal(image_of(ODD["transparent"][0], "row").pixels, pixels(channels=4)[:, :, :3])


def test_a_photograph_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: what is stored lies on its side
    lying = pixels(6, 9)
    found = image_of(encoded(Image.fromarray(lying), "PNG", exif=exif), "row").pixels
    np.testing.assert_array_equal(found, np.rot90(lying, -1))


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        (pixels(channels=2), "an array of shape (8, 8, 2)"),
        (pixels(channels=4), "an array of shape (8, 8, 4)"),
        (pixels().transpose(2, 0, 1), "an array of shape (3, 8, 8)"),
        (pixels().ravel(), "an array of shape (192,)"),
        (pixels(0, 8), "an array of shape (0, 8, 3)"),
        (pixels() / 255, "numbers of type float64"),
        (pixels() > 100, "numbers of type bool"),
        (pixels().astype(np.int64) * 2, "to 5"),
        (pixels().astype(np.int64) - 1, "numbers from -1"),
    ],
)
def test_an_array_that_is_no_rgb_image_is_refused(cell: Any, found: str) -> None:
    for value in (cell, cell.tolist()) if cell.size else (cell,):
        with pytest.raises(BadInputError) as caught:
            image_of(value, "split, row 3")
        assert caught.value.where == "split, row 3"
        assert "(height, width, 3)" in caught.value.expected
        assert found in caught.value.found
    with pytest.raises(BadInputError, match="rows of different lengths"):
        image_of([[[1, 2, 3]], [[1, 2, 3], [4, 5, 6]]], "row")


def test_arrays_of_a_parquet_file_are_named_by_row_or_judged(evaluate: Callable[..., Any]) -> None:
    for channels in (2, 4):
        outcome = evaluate([pixels(channels=channels).tolist()] * 3)
        assert_refused(outcome, "split rows, row 0", f"(8, 8, {channels})", "channels last")
    assert_refused(evaluate([(pixels() / 255).tolist()] * 3), "row 0", "numbers of type float64", "as uint8")
    assert_refused(evaluate(["pictures/1.png"] * 3), "row 0", "str 'pictures/1.png'")
    assert evaluate([pixels(channels=channels, seed=i).tolist() for i, channels in enumerate((0, 0, 0))])[0] == 0


def test_arrays_of_a_generator_are_checked(
    run_cli: Cli, tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xkd_bench.tasks import digits

    made = [{"id": str(i), "image": pixels() / 255, "label": 0} for i in range(3)]
    monkeypatch.setattr(digits, "generate", lambda split: made)
    outcome = run_cli("evaluate", tiny_models / "digits", "--task", "digits", "--store", tmp_path)
    assert_refused(outcome, "demo/digits, split validation, row 0", "numbers of type float64")


def test_a_size_the_model_does_not_take_is_told_with_both_sizes(
    evaluate: Callable[..., Any], run_cli: Cli, tiny_models: Path, resizing: Path, tmp_path: Path
) -> None:
    large = [encoded(pixels(28, 30, seed=i)) for i in range(4)]
    words = ("images of 8×8 pixels", "30×28 pixels", "let the image processor resize")
    assert_refused(evaluate(large), *words)
    assert evaluate(large, resizing)[0] == 0
    (tmp_path / "photo.png").write_bytes(large[0])
    order = ("explain", tmp_path / "photo.png", "--task", "digits", "--student", tiny_models / "digits")
    assert_refused(run_cli(*order, "--store", tmp_path / "store"), *words)


def test_images_of_several_sizes_need_an_image_processor_that_resizes(
    evaluate: Callable[..., Any], resizing: Path
) -> None:
    cells = [*GOOD[:4], encoded(pixels(9, 12)), encoded(pixels(5, 5))]
    assert_refused(evaluate(cells), "one size", "5×5 and 8×8 and 12×9 pixels", "let the image processor resize")
    assert evaluate(cells, resizing)[0] == 0


@pytest.mark.parametrize("sizes", [(8, 8, 9, 8), (28, 28, 28, 28)])
def test_training_refuses_the_same_sizes(
    run_cli: Cli, tiny_models: Path, tmp_path: Path, labels: tuple[str, ...], sizes: tuple[int, ...]
) -> None:
    task = write_image_task(tmp_path / "task", [encoded(pixels(size, size)) for size in sizes], labels, train=True)
    places = ("--student", tiny_models / "digits", "--output", tmp_path / "S", "--store", tmp_path / "store")
    outcome = run_cli("distill", "finetune", "--task", task, *places)
    lines = outcome[2].splitlines()  # progress may stand above the message
    told = "\n".join(lines[lines.index("xkd-bench: cannot go on") :]) + "\n"
    assert_refused((outcome[0], outcome[1], told), "let the image processor resize")
    assert not (tmp_path / "S").exists()


def test_an_image_processor_for_other_channels_is_named(
    evaluate: Callable[..., Any], resizing: Path, tmp_path: Path
) -> None:
    grey = shutil.copytree(resizing, tmp_path / "grey")
    path = grey / "preprocessor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"image_mean": [0.5], "image_std": [0.5]}))
    assert_refused(evaluate(GOOD, grey), str(grey), "an image processor that takes RGB images of 8×8", "image_mean")


def test_an_image_of_one_pixel_is_explained_and_not_compared(explain: Callable[..., Any], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    code, output, error = explain(encoded(pixels(1, 1)), "--html", page)
    assert code == 0, error
    assert "1×1 pixels; explained" in output
    assert "no cosine: fewer than three patches" in output
    assert "no cosine: fewer than three patches" in page.read_text()


def test_a_split_of_single_pixels_is_judged(evaluate: Callable[..., Any], resizing: Path) -> None:
    cells = [encoded(pixels(1, 1, seed=i)) for i in range(6)]
    code, _, error = evaluate(cells, resizing, "--teacher", resizing, "--protocol", "quick")
    assert code == 0, error


@pytest.fixture
def cifar(tmp_path: Path) -> Callable[..., Path]:
    """A data root with CIFAR-10 as the hub stores it: images with their features, ten rows."""
    import datasets

    from xkd_bench.tasks.registry import find_task

    names = list(find_task("cifar10").card.labels)

    def write(cells: list[bytes], values: list[int]) -> Path:
        folder = tmp_path / "data" / "cifar10" / "plain_text"
        folder.mkdir(parents=True, exist_ok=True)
        features = {"img": datasets.Image(), "label": datasets.ClassLabel(names=names)}
        table = pa.table(
            {
                "img": pa.array(
                    [{"bytes": cell, "path": None} for cell in cells],
                    pa.struct({"bytes": pa.binary(), "path": pa.string()}),
                ),
                "label": pa.array(values, pa.int64()),
            }
        )
        info = {"huggingface": json.dumps({"info": {"features": datasets.Features(features).to_dict()}})}
        pq.write_table(table.replace_schema_metadata(info), folder / "test-00000-of-00001.parquet")
        return tmp_path / "data"

    return write


@pytest.fixture(scope="module")
def cifar_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

    from xkd_bench.tasks.registry import find_task

    names = find_task("cifar10").card.labels
    own = {"id2label": dict(enumerate(names)), "label2id": {name: i for i, name in enumerate(names)}}
    small = {"image_size": 8, "patch_size": 4, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    folder = tmp_path_factory.mktemp("cifar model")
    ViTForImageClassification(ViTConfig(intermediate_size=8, **small, **own)).save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 8, "width": 8}).save_pretrained(folder)
    return folder


def test_what_is_wrong_in_a_folder_of_the_hub_s_layout_is_named(
    run_cli: Cli, cifar: Callable[..., Path], cifar_model: Path, tmp_path: Path
) -> None:
    labels, cut = list(range(10)), [*GOOD[:6], GOOD[6][:80], *GOOD[7:]]

    def outcomes(root: Path) -> list[tuple[int, str, str]]:
        shared = ("--task", "cifar10", "--data-root", root, "--store", tmp_path / "store")
        judged = run_cli("evaluate", cifar_model, *shared, "--output", tmp_path / "entry", "--no-timing")
        explained = run_cli("explain", "--example", "3", "--student", cifar_model, "--explainer", "occlusion", *shared)
        return [judged, explained]

    assert [code for code, _, _ in outcomes(cifar(GOOD, labels))] == [0, 0]
    shutil.rmtree(tmp_path / "entry")
    for outcome in outcomes(cifar(cut, labels)):
        assert_refused(outcome, "cifar/cifar10, split test, row 6", ONE, "truncated")
    for outcome in outcomes(cifar(GOOD, [*labels[:5], 10, *labels[6:]])):
        assert_refused(outcome, "cifar/cifar10, split test, row 5", "a label among airplane", "found     10")
    for outcome in outcomes(cifar([], [])):
        assert_refused(outcome, "cifar/cifar10, split test", "at least one row", "an empty split")
    assert not (tmp_path / "entry").exists()


def test_the_most_pixels_are_what_the_message_says() -> None:
    assert f"{MOST_PIXELS // 1_000_000} million" in ONE


def test_maskings_of_a_large_image_are_made_few_at_a_time_with_the_same_answers(
    explain: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xkd_bench.probes import masked

    made = []

    def counted(image: Any, grid: Any, masks: Any, filled: Any) -> Any:
        made.append(len(masks))
        return masked_images(image, grid, masks, filled)

    masked_images = masked.masked_images
    monkeypatch.setattr(masked, "masked_images", counted)
    usual = explain(encoded(pixels(40, 40)), "--explainer", "occlusion")[1]
    monkeypatch.setattr(masked, "PIXELS_AT_ONCE", 40 * 40 * 100)
    shutil.rmtree(tmp_path / "store")
    assert explain(encoded(pixels(40, 40)), "--explainer", "occlusion")[1] == usual
    assert made == [256, 100, 100, 56], "the second model is the first and comes from the store"
