"""The shared loop: seeded, resumable, leaving global state alone, fit for methods that watch both models."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch

from xkd_bench.distillers import registry
from xkd_bench.distillers.contract import Distiller, Step, TeacherUse, label_loss
from xkd_bench.distillers.distill import Order, distill, read_log
from xkd_bench.distillers.student import cut_to_layers, make_start, read_layers
from xkd_bench.errors import BadInputError
from xkd_bench.models.checkpoint import open_checkpoint
from xkd_bench.models.classifier import Runtime
from xkd_bench.models.loading import load_model
from xkd_bench.models.trace import Watch, prepare
from xkd_bench.records.lineage import read_lineage
from xkd_bench.records.store import Store
from xkd_bench.tasks.registry import find_task

TASK = find_task("demo/grammar")


def make(tiny_models: Path, output: Path, method: str = "finetune", **changes: Any) -> Path:
    start = str(tiny_models / "grammar")
    options: dict[str, Any] = {"teacher": None, "train_rows": 320, "epochs": 1, **changes}
    order = Order(method, TASK, start, output=output, **options)
    return distill(order, Runtime("cpu"), Store(output.parent / "store"), None)


def test_equal_seeds_give_equal_weights_and_curves_and_another_seed_does_not(tiny_models: Path, tmp_path: Path) -> None:
    one, two = make(tiny_models, tmp_path / "one"), make(tiny_models, tmp_path / "two")
    other = make(tiny_models, tmp_path / "other", seed=1)
    weights = [(folder / "model.safetensors").read_bytes() for folder in (one, two, other)]
    assert weights[0] == weights[1]
    assert weights[0] != weights[2]
    assert read_log(one) == read_log(two)


def test_training_leaves_the_random_state_of_the_process_as_it_was(tiny_models: Path, tmp_path: Path) -> None:
    before = (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state())  # noqa: NPY002
    make(tiny_models, tmp_path / "student")
    after = (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state())  # noqa: NPY002
    assert before[:2] == after[:2]
    assert torch.equal(before[2], after[2])


def test_lineage_says_how_it_was_made(tiny_models: Path, tmp_path: Path) -> None:
    teacher = make(tiny_models, tmp_path / "teacher")
    student = make(
        tiny_models, tmp_path / "student", "vanilla_kd", teacher=str(teacher), layers=(2, 4), settings={"alpha": 0.9}
    )
    lineage = read_lineage(student)
    assert lineage is not None
    assert (lineage.method, lineage.task, lineage.layers, lineage.train_rows) == ("vanilla_kd", TASK.name, (2, 4), 320)
    assert lineage.teacher == open_checkpoint(str(teacher)).hash
    assert lineage.teacher_location == "../teacher"
    assert lineage.settings["alpha"] == 0.9
    assert lineage.updates == 5
    assert open_checkpoint(str(student)).blocks == 2


def test_the_finished_folder_is_all_that_is_left(tiny_models: Path, tmp_path: Path) -> None:
    make(tiny_models, tmp_path / "student")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["student"]
    assert not list((tmp_path / "student").glob("*.bin"))


def test_a_label_order_of_its_own_is_kept_by_a_student(tiny_models: Path, tmp_path: Path) -> None:
    """A teacher whose outputs are (acceptable, unacceptable) gives a student that is scored by name as well."""
    from xkd_bench.models.fit import check_fit

    model = load_model(open_checkpoint(str(tiny_models / "grammar")), TASK.card)
    model.config.id2label = {0: "acceptable", 1: "unacceptable"}
    model.config.label2id = {"acceptable": 0, "unacceptable": 1}
    model.save_pretrained(tmp_path / "swapped")
    make_start(open_checkpoint(str(tiny_models / "grammar")), TASK.card, None, 0).encoder.save(
        str(tmp_path / "swapped")
    )
    start = make_start(open_checkpoint(str(tmp_path / "swapped")), TASK.card, None, 0)
    assert start.columns == [1, 0]
    assert check_fit(open_checkpoint(str(tmp_path / "swapped")), TASK.card, "student").columns == (1, 0)


@pytest.mark.parametrize("name", ["grammar", "digits"])
def test_a_cut_student_computes_what_the_kept_blocks_compute(tiny_models: Path, name: str) -> None:
    card = find_task(f"demo/{name}").card
    whole = load_model(open_checkpoint(str(tiny_models / name)), card)
    cut = load_model(open_checkpoint(str(tiny_models / name)), card)
    cut_to_layers(cut, (1, 2))
    batch = {"input_ids": torch.arange(5, 13)[None]} if name == "grammar" else {"pixel_values": torch.ones(1, 3, 8, 8)}
    after_two = whole(**batch, output_hidden_states=True).hidden_states[2]
    torch.testing.assert_close(cut(**batch, output_hidden_states=True).hidden_states[2], after_two)
    assert sum(p.numel() for p in cut.parameters()) < sum(p.numel() for p in whole.parameters())


@pytest.mark.parametrize("layers", [(0, 1), (1, 9), (3, 1), (1, 1)])
def test_impossible_layers_are_refused(tiny_models: Path, layers: tuple[int, ...]) -> None:
    with pytest.raises(BadInputError, match="between 1 and 4"):
        make_start(open_checkpoint(str(tiny_models / "grammar")), TASK.card, layers, 0)
    with pytest.raises(BadInputError, match="block numbers"):
        read_layers("one,two")


def test_a_bare_encoder_gets_a_head_from_the_seed(encoder: Path) -> None:
    card = find_task("cola").card
    heads = [make_start(open_checkpoint(str(encoder)), card, (1,), seed).model.classifier.weight for seed in (0, 0, 1)]
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


class Watching(Distiller):
    """A method that wants everything later methods will: hidden states, scores and input gradients of both models."""

    teacher: TeacherUse = "trace"
    watch = Watch(hidden_states=True, attention_scores=True, embedding_gradient=True)

    def terms(self, step: Step) -> dict[str, torch.Tensor]:
        assert step.mask is not None
        assert step.teacher is not None
        student, teacher = step.student, step.teacher
        assert student.hidden_states is not None
        assert teacher.hidden_states is not None
        assert student.attention_scores is not None
        assert teacher.attention_scores is not None
        assert student.embeddings is not None
        assert teacher.embeddings is not None
        (ours,) = torch.autograd.grad(student.logits[:, 1].sum(), student.embeddings, create_graph=True)
        (theirs,) = torch.autograd.grad(teacher.logits[:, 1].sum(), teacher.embeddings)
        weight = step.mask[:, :, None].float()
        return {
            "label": label_loss(self.card, student.logits, step.labels),
            "hidden": ((student.hidden_states[-1] - teacher.hidden_states[-1].detach()) * weight).square().mean(),
            "scores": (student.attention_scores[-1] - teacher.attention_scores[-1].detach()).square().mean(),
            "gradient": ((ours - theirs) * weight).square().sum(),
        }


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_loop_fits_methods_that_watch_both_models(
    tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: Literal["float32", "bfloat16"]
) -> None:
    teacher = make(tiny_models, tmp_path / "teacher", epochs=2)
    monkeypatch.setattr(registry, "load", lambda name: Watching)
    monkeypatch.setattr(registry, "preset", lambda *asked: registry.Preset({}, {}))
    order = Order(
        "watching", TASK, str(teacher), str(teacher), tmp_path / "student", layers=(1, 3), train_rows=3200, epochs=1
    )
    distill(order, Runtime("cpu", dtype), Store(tmp_path / "store"), None)
    log = read_log(tmp_path / "student")
    assert set(log[0]) == {"update", "label", "hidden", "scores", "gradient", "loss"}
    assert all(np.isfinite(list(line.values())).all() for line in log)
    before, after = (
        make_start(open_checkpoint(str(place)), TASK.card, None, 0).model for place in (teacher, tmp_path / "student")
    )
    assert after.config.num_hidden_layers == 2
    assert after.config._attn_implementation != "xkd_bench_traced"
    changed = [
        n
        for n, p in after.named_parameters()
        if n in dict(before.named_parameters()) and not torch.equal(p, dict(before.named_parameters())[n])
    ]
    assert any("query" in name for name in changed)


def test_in_bfloat16_on_a_cpu_attention_is_written_out_and_the_file_does_not_say_so(
    tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def watched(model: Any, *arguments: Any, **options: Any) -> None:
        prepare(model, *arguments, **options)
        seen.append(model.config._attn_implementation)

    monkeypatch.setattr("xkd_bench.distillers.training.prepare", watched)
    for dtype in ("float32", "bfloat16"):
        order = Order("finetune", TASK, str(tiny_models / "grammar"), None, tmp_path / dtype, train_rows=320, epochs=1)
        distill(order, Runtime("cpu", dtype), Store(tmp_path / "store"), None)
    assert seen == ["sdpa", "eager"]
    configs = [json.loads((tmp_path / dtype / "config.json").read_text()) for dtype in ("float32", "bfloat16")]
    assert configs[0] == configs[1]
    losses = [read_log(tmp_path / dtype)[0]["loss"] for dtype in ("float32", "bfloat16")]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)


def test_a_loss_that_is_no_number_stops_the_run(tiny_models: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="a finite loss"):
        make(tiny_models, tmp_path / "student", learning_rate=1e18, train_rows=640)
    assert not (tmp_path / "student").exists()
