"""Checkpoints from strangers: what cannot be judged is refused before it is loaded, in one message."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from known_model import Known, edit_json, edit_tensors
from own_data import assert_refused, files_below, made_rows, write_task

Cli = Callable[..., tuple[int, str, str]]
Copy = Callable[..., Path]
WEIGHTS = "model.safetensors"
NEITHER_TEXT_NOR_IMAGES = "neither text nor images"


@pytest.fixture
def evaluate(run_cli: Cli, tmp_path: Path) -> Callable[..., tuple[int, str, str]]:
    """Judge a checkpoint; where it is refused, see that nothing was written."""

    def run(model: object, task: object, *more: object) -> tuple[int, str, str]:
        output = tmp_path / "entry"
        outcome = run_cli(
            "evaluate",
            model,
            "--task",
            task,
            "--store",
            tmp_path / "store",
            "--output",
            output,
            "--no-timing",
            "--no-perturbations",
            *more,
        )
        if outcome[0]:
            assert not output.exists(), files_below(output)
        return outcome

    return run


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.pkl", "model.ckpt", "tf_model.h5"])
def test_a_pickle_is_refused_with_the_way_to_convert_it(
    known: Known, copy_model: Copy, evaluate: Cli, name: str
) -> None:
    folder = copy_model(known.model)
    (folder / WEIGHTS).unlink()
    torch.save({"weight": torch.zeros(2)}, folder / name)
    assert_refused(evaluate(folder, known.task), str(folder), "safetensors", name, "can run code", "save_pretrained")


@pytest.mark.parametrize("model", ["grammar", "digits"])
def test_the_way_to_convert_a_pickle_works(tiny_models: Path, copy_model: Copy, evaluate: Cli, model: str) -> None:
    from safetensors.torch import load_file

    folder = copy_model(tiny_models / model)
    torch.save(load_file(folder / WEIGHTS), folder / "pytorch_model.bin")
    (folder / WEIGHTS).unlink()
    told = evaluate(folder, f"demo/{model}")[2]
    exec(told.split('python -c "')[1].split('"')[0], {})
    assert evaluate(folder, f"demo/{model}")[0] == 0


def test_a_pickle_beside_safetensors_is_never_opened(known: Known, copy_model: Copy, evaluate: Cli) -> None:
    folder = copy_model(known.model)
    (folder / "pytorch_model.bin").write_bytes(b"anything")
    assert evaluate(folder, known.task)[0] == 0


@pytest.mark.parametrize(
    ("model", "missing", "words"),
    [
        ("grammar", ("tokenizer.json",), ("a tokenizer beside the weights", "tokenizer.json", "tokenizer.save_")),
        ("digits", ("preprocessor_config.json",), ("a processor beside the weights", "processor.save_pretrained")),
        ("digits", ("config.json",), ("config.json", "save_pretrained")),
        ("digits", (WEIGHTS,), (WEIGHTS, "no such file")),
    ],
)
def test_a_folder_that_lacks_a_part_is_told_which(
    tiny_models: Path, copy_model: Copy, evaluate: Cli, model: str, missing: tuple[str, ...], words: tuple[str, ...]
) -> None:
    folder = copy_model(tiny_models / model)
    for name in missing:
        (folder / name).unlink()
    assert_refused(evaluate(folder, f"demo/{model}"), str(folder), *words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"model_type": "bert",', ("valid JSON", "line 1")),
        ("", ("valid JSON",)),
        ("[" * 100_000, ("valid JSON",)),
        ('["bert"]', ("model_type",)),
        ("{}", ("model_type",)),
        ('{"model_type": "no-such-model"}', ("no-such-model", NEITHER_TEXT_NOR_IMAGES)),
        ('{"model_type": ["bert"]}', (NEITHER_TEXT_NOR_IMAGES,)),
        ('{"model_type": "bert", "architectures": {}, "num_labels": "two", "id2label": ["a", "b", "c"]}', ()),
        ('{"model_type": "bert", "hidden_size": "wide"}', ("weights that fit bert", "hidden_size' expected int")),
        ('{"model_type": "bert", "hidden_size": 7}', ()),
        ('{"model_type": "bert", "max_position_embeddings": "many"}', ()),
    ],
)
def test_a_broken_config_is_named(
    known: Known, copy_model: Copy, evaluate: Cli, content: str, words: tuple[str, ...]
) -> None:
    folder = copy_model(known.model)
    (folder / "config.json").write_text(content)
    assert_refused(evaluate(folder, known.task), str(folder), *words)


def test_a_config_that_is_no_text_is_named(known: Known, copy_model: Copy, evaluate: Cli) -> None:
    folder = copy_model(known.model)
    (folder / "config.json").write_bytes(b"\xff\xfe\x00\x01")
    assert_refused(evaluate(folder, known.task), "config.json", "valid JSON", "utf-8")


@pytest.mark.parametrize(
    ("model", "file", "changes"),
    [
        ("grammar", "config.json", {"auto_map": {"AutoModelForSequenceClassification": "code.Model"}}),
        ("grammar", "config.json", {"attn_implementation": "somebody/kernels"}),
        ("grammar", "tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["code.Tokenizer", None]}}),
        ("digits", "preprocessor_config.json", {"auto_map": {"AutoImageProcessor": "code.Processor"}}),
    ],
)
def test_code_from_a_checkpoint_is_refused_and_never_run(
    tiny_models: Path,
    tmp_path: Path,
    copy_model: Copy,
    evaluate: Cli,
    model: str,
    file: str,
    changes: dict[str, Any],
) -> None:
    folder = copy_model(tiny_models / model)
    (folder / "code.py").write_text(f"open({str(tmp_path / 'was run')!r}, 'w')\n")
    edit_json(folder / file, **changes)
    assert_refused(evaluate(folder, f"demo/{model}"), file, next(iter(changes)), "never runs such code")
    assert not (tmp_path / "was run").exists()


@pytest.mark.parametrize("part", ["in the length", "in the header", "after the header", "in the data", "last byte"])
def test_a_truncated_weight_file_is_refused(known: Known, copy_model: Copy, evaluate: Cli, part: str) -> None:
    folder = copy_model(known.model)
    whole = (folder / WEIGHTS).read_bytes()
    header = 8 + struct.unpack("<Q", whole[:8])[0]
    kept = {
        "in the length": 5,
        "in the header": header // 2,
        "after the header": header,
        "in the data": (header + len(whole)) // 2,
        "last byte": len(whole) - 1,
    }[part]
    (folder / WEIGHTS).write_bytes(whole[:kept])
    assert_refused(evaluate(folder, known.task), WEIGHTS, f"{kept} bytes", "truncated", "again")


def safetensors_of(header: object, data: bytes = b"") -> bytes:
    written = json.dumps(header).encode()
    return struct.pack("<Q", len(written)) + written + data


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage " * 1000,
        b"\x00" * 64,
        b"PK\x03\x04" + b"\x00" * 2000,
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 200_000) + b"[" * 200_000,
        safetensors_of([]),
        safetensors_of({"weight": 3}),
        safetensors_of({"weight": {"data_offsets": ["a", "b"]}}),
        safetensors_of({"weight": {"data_offsets": [0, 4]}}, b"\x00" * 4),
        safetensors_of({"weight": {"dtype": "F32", "shape": ["x"], "data_offsets": [0, 4]}}, b"\x00" * 4),
        safetensors_of({"weight": {"dtype": ["F32"], "shape": [1], "data_offsets": [0, 4]}}, b"\x00" * 4),
        safetensors_of({"weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"\x00" * 5),
    ],
)
def test_a_weight_file_that_is_none_is_refused(known: Known, copy_model: Copy, evaluate: Cli, content: bytes) -> None:
    folder = copy_model(known.model)
    (folder / WEIGHTS).write_bytes(content)
    assert_refused(evaluate(folder, known.task), WEIGHTS, "a whole safetensors file")


def write_shards(folder: Path) -> dict[str, str]:
    """The weights in two files and an index, as save_pretrained writes large models."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    weight_map = {}
    for number, part in enumerate((sorted(tensors)[::2], sorted(tensors)[1::2]), start=1):
        name = f"model-0000{number}-of-00002.safetensors"
        save_file({tensor: tensors[tensor] for tensor in part}, folder / name, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(part, name)
    write_index(folder, weight_map)
    return weight_map


def write_index(folder: Path, weight_map: object) -> None:
    (folder / f"{WEIGHTS}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


def test_sharded_weights_give_the_same_scores(known: Known, copy_model: Copy, evaluate: Cli, tmp_path: Path) -> None:
    folder = copy_model(known.model)
    write_shards(folder)
    assert evaluate(folder, known.task)[0] == 0
    assert json.loads((tmp_path / "entry/own/mine/record.json").read_text())["scores"]["accuracy"]["value"] == 1.0


def test_a_missing_shard_is_named(known: Known, copy_model: Copy, evaluate: Cli) -> None:
    folder = copy_model(known.model)
    write_shards(folder)
    (folder / "model-00002-of-00002.safetensors").unlink()
    assert_refused(evaluate(folder, known.task), "model-00002-of-00002.safetensors", "no such file")


@pytest.mark.parametrize("place", ["../elsewhere/{name}", "{outside}/{name}", "..", "sub/{name}", "{name}.bin"])
def test_an_index_that_leads_elsewhere_is_refused(
    known: Known, copy_model: Copy, evaluate: Cli, tmp_path: Path, place: str
) -> None:
    """Also where files of the same names lie in the folder: what is hashed must be what is loaded."""
    folder = copy_model(known.model)
    weight_map = write_shards(folder)
    shutil.copytree(folder, tmp_path / "elsewhere")
    shutil.copytree(tmp_path / "elsewhere", folder / "sub")
    moved = {
        tensor: place.format(name=name, outside=tmp_path / "elsewhere") if name.startswith("model-00002") else name
        for tensor, name in weight_map.items()
    }
    write_index(folder, moved)
    assert_refused(evaluate(folder, known.task), "index.json", "beside the index", place.split("{")[0])


@pytest.mark.parametrize("weight_map", [{}, [], None, {"weight": 3}, {"weight": None}, "model.safetensors"])
def test_an_index_that_is_none_is_refused(known: Known, copy_model: Copy, evaluate: Cli, weight_map: object) -> None:
    folder = copy_model(known.model)
    (folder / WEIGHTS).unlink()
    write_index(folder, weight_map)
    assert_refused(evaluate(folder, known.task), "index.json", "weight_map")


def test_the_hash_is_of_the_file_that_is_loaded_where_an_index_lies_beside_it(known: Known, copy_model: Copy) -> None:
    from xkd_bench.models.checkpoint import open_checkpoint

    folder = copy_model(known.model)
    write_shards(folder)
    shutil.copy(known.model / WEIGHTS, folder)
    assert open_checkpoint(str(folder)).hash == open_checkpoint(str(known.model)).hash


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("adapter_config.json", {"base_model_name_or_path": "owner/name"}, "adapter"),
        ("config.json", {"transformers_weights": "other.safetensors"}, "transformers_weights"),
    ],
)
def test_weights_that_the_hash_would_not_cover_are_refused(
    known: Known, copy_model: Copy, evaluate: Cli, file: str, content: dict[str, str], words: str
) -> None:
    folder = copy_model(known.model)
    shutil.copy(folder / WEIGHTS, folder / "other.safetensors")
    if not (folder / file).exists():
        (folder / file).write_text("{}")
    edit_json(folder / file, **content)
    assert_refused(evaluate(folder, known.task), str(folder), words, "all weights in model.safetensors")


@pytest.mark.parametrize(("model", "task"), [("grammar", "demo/digits"), ("digits", "demo/grammar")])
def test_a_model_of_the_other_modality_is_refused(tiny_models: Path, evaluate: Cli, model: str, task: str) -> None:
    images = "images" if model == "grammar" else "text"
    assert_refused(evaluate(tiny_models / model, task), f"classifies {images}, as {task} needs", "model_type")


def test_the_teacher_is_checked_as_the_student_is(known: Known, tiny_models: Path, evaluate: Cli) -> None:
    outcome = evaluate(known.model, known.task, "--teacher", tiny_models / "digits")
    assert_refused(outcome, f"teacher {tiny_models / 'digits'}", "classifies text")


def test_three_labels_on_a_task_of_two_are_refused(known: Known, copy_model: Copy, evaluate: Cli) -> None:
    folder = copy_model(known.model)
    edit_json(folder / "config.json", id2label={0: "no", 1: "maybe", 2: "yes"}, label2id=None)
    words = ("2 labels (unacceptable, acceptable), as mine has", "3 labels: no, maybe, yes")
    assert_refused(evaluate(folder, known.task), *words)


def test_a_classifier_on_a_regression_is_refused(known: Known, evaluate: Cli, tmp_path: Path) -> None:
    rows = [row | {"label": i / 4} for i, row in enumerate(made_rows(20, ("the", "queen")))]
    task = write_task(tmp_path / "regression", rows, labels=())
    assert_refused(evaluate(known.model, task), "one output (a regression)", "2 labels: unacceptable, acceptable")


def swapped(tensors: dict[str, Any]) -> dict[str, Any]:
    return tensors | {name: tensors[name].flip(0) for name in ("classifier.weight", "classifier.bias")}


def labels_of(folder: Path, *names: str) -> None:
    ids = {name: i for i, name in enumerate(names)}
    edit_json(folder / "config.json", id2label={i: name for name, i in ids.items()}, label2id=ids)


def test_names_in_another_order_give_the_same_predictions(
    known: Known, copy_model: Copy, evaluate: Cli, tmp_path: Path
) -> None:
    import pyarrow.parquet as pq

    tables, scores = [], []
    turned = copy_model(known.model)
    edit_tensors(turned, swapped)
    labels_of(turned, "Acceptable", "UNACCEPTABLE ")
    for model in (known.model, turned):
        assert evaluate(model, known.task)[0] == 0
        folder = tmp_path / "entry/own/mine"
        tables.append(pq.read_table(folder / "examples.parquet"))
        scores.append(json.loads((folder / "record.json").read_text())["scores"])
    assert tables[0] == tables[1]
    assert scores[0] == scores[1]
    assert scores[0]["accuracy"]["value"] == 1.0


def test_names_that_say_nothing_in_the_wrong_order_stop_with_the_right_one(
    known: Known, copy_model: Copy, evaluate: Cli
) -> None:
    folder = copy_model(known.model)
    edit_tensors(folder, swapped)
    labels_of(folder, "LABEL_0", "LABEL_1")
    outcome = evaluate(folder, known.task)
    order = '"id2label": {"0": "acceptable", "1": "unacceptable"}'
    assert_refused(outcome, "id2label", "0.000 of 96", "another order gets 1.000", order)
    edit_json(folder / "config.json", **json.loads(f"{{{order}}}"), label2id=None)
    assert evaluate(folder, known.task)[0] == 0, "what the message says to do works"


def test_names_that_say_nothing_in_the_right_order_work(
    known: Known, copy_model: Copy, evaluate: Cli, tmp_path: Path
) -> None:
    folder = copy_model(known.model)
    labels_of(folder, "LABEL_0", "LABEL_1")
    assert evaluate(folder, known.task)[0] == 0
    assert json.loads((tmp_path / "entry/own/mine/record.json").read_text())["scores"]["accuracy"]["value"] == 1.0


@pytest.mark.parametrize(
    "names", [("good", "bad"), ("acceptable", "bad"), ("acceptable", "Acceptable"), ("LABEL_0", "acceptable")]
)
def test_unknown_label_names_are_refused(known: Known, copy_model: Copy, evaluate: Cli, names: tuple[str, str]) -> None:
    folder = copy_model(known.model)
    labels_of(folder, *names)
    assert_refused(evaluate(folder, known.task), "id2label", "unacceptable, acceptable", ", ".join(names))


def test_a_bare_encoder_is_never_judged_with_a_random_head(known: Known, copy_model: Copy, evaluate: Cli) -> None:
    folder = copy_model(known.model)
    edit_tensors(
        folder, lambda tensors: {n: t for n, t in tensors.items() if not n.startswith(("classifier", "bert.pooler"))}
    )
    words = ("all weights of BertForSequenceClassification", "4 missing", "classifier.bias", "random head")
    assert_refused(evaluate(folder, known.task), str(folder), *words)


def test_weights_of_another_shape_are_refused(known: Known, copy_model: Copy, evaluate: Cli) -> None:
    folder = copy_model(known.model)
    edit_tensors(folder, lambda tensors: tensors | {"classifier.weight": tensors["classifier.weight"][:, :5].clone()})
    words = ("shapes BertForSequenceClassification has", "1 of other shapes", "classifier.weight (2, 5) for (2, 96)")
    assert_refused(evaluate(folder, known.task), str(folder), *words)


def test_weights_that_are_not_numbers_are_refused(
    known: Known, copy_model: Copy, evaluate: Cli, tmp_path: Path
) -> None:
    folder = copy_model(known.model)
    edit_tensors(folder, lambda tensors: tensors | {"classifier.weight": tensors["classifier.weight"] * float("nan")})
    outcome = evaluate(folder, known.task)
    assert_refused(outcome, str(folder), "finite logits", "96 of 96", "'row-0'", "check the weights")
    assert not list((tmp_path / "store").rglob("*.parquet")), "nothing of it is stored"


def test_a_tokenizer_that_does_not_load_is_named(known: Known, copy_model: Copy, evaluate: Cli) -> None:
    folder = copy_model(known.model)
    (folder / "tokenizer.json").write_text('{"version": "1.0"}')
    assert_refused(evaluate(folder, known.task), str(folder), "a tokenizer that loads")


@pytest.mark.parametrize("place", ["{folder}/nowhere", "./nowhere", "a/b/c", "~nobody/x", "{folder}/a file"])
def test_a_missing_folder_is_named(known: Known, evaluate: Cli, tmp_path: Path, place: str) -> None:
    (tmp_path / "a file").write_text("x")
    found = "a file" if place.endswith("file") else "no such folder"
    assert_refused(evaluate(place.format(folder=tmp_path), known.task), place.split("/")[-1], "hub id", found)


@pytest.mark.parametrize("name", ["owner/name", "bert-base-uncased", "owner/name@v1.0"])
def test_a_hub_id_that_cannot_be_had_is_named(
    known: Known, evaluate: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    assert_refused(evaluate(name, known.task), name, "can be reached or is in the local cache", "check the spelling")


@pytest.mark.parametrize("name", ["owner/name", "owner/name@main", "owner/name@" + "a" * 40])
def test_a_model_in_the_hub_cache_loads_by_its_id_without_a_network(
    known: Known, evaluate: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    place = tmp_path / "hub" / "models--owner--name"
    shutil.copytree(known.model, place / "snapshots" / ("a" * 40))
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("a" * 40)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    code, output, error = evaluate(name, known.task)
    assert code == 0, error
    assert "accuracy" in output.lower()
    assert json.loads((tmp_path / "entry/own/mine/record.json").read_text())["scores"]["accuracy"]["value"] == 1.0
