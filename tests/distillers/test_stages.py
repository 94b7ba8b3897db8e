"""Trainings of several stages: schedules, fresh optimisers, being killed, several processes, masked text."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from lessons import batch_of, lesson_of, start_of, terms_of
from safetensors.torch import load_file

from xkd_bench.distillers.contract import Distiller, Stage, Step
from xkd_bench.distillers.distill import Order, distill, read_log
from xkd_bench.distillers.lesson import stage_ends
from xkd_bench.distillers.masking import mask_tokens
from xkd_bench.distillers.training import DistillationTrainer
from xkd_bench.models.checkpoint import open_checkpoint
from xkd_bench.models.classifier import Runtime
from xkd_bench.models.fit import check_fit
from xkd_bench.models.loading import load_model, quiet_transformers, seeded
from xkd_bench.models.starts import write_start
from xkd_bench.randomness import generator
from xkd_bench.records.lineage import read_lineage
from xkd_bench.records.store import Store
from xkd_bench.tasks.registry import find_task

TASK = find_task("demo/grammar")


def test_every_stage_gets_its_share_and_at_least_one_update() -> None:
    thirds = tuple(Stage(str(k), 1 / 3) for k in range(3))
    assert stage_ends(thirds, 9) == [3, 6, 9]
    assert stage_ends((Stage("a", 0.75), Stage("b", 0.25)), 50) == [38, 50]
    assert stage_ends((Stage("a", 0.999), Stage("b", 0.001)), 4) == [3, 4]
    assert stage_ends((Stage(),), 7) == [7]


class TwoStages(Distiller):
    """A level stage, then one that decays."""

    teacher = "none"

    def stages(self) -> tuple[Stage, ...]:
        return Stage("level", 0.5, decay=False), Stage("falling", 0.5)

    def terms(self, step: Step) -> dict[str, torch.Tensor]:
        return {step.stage.name: step.student.logits.square().mean()}


def test_rates_and_optimisers_are_those_of_the_stage(
    tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xkd_bench.distillers import registry

    seen: list[tuple[float, int]] = []
    step = DistillationTrainer.training_step

    def noted(self: Any, *arguments: Any, **options: Any) -> Any:
        seen.append((self.optimizer.param_groups[0]["lr"], len(self.optimizer.state)))
        return step(self, *arguments, **options)

    monkeypatch.setattr(DistillationTrainer, "training_step", noted)
    monkeypatch.setattr(registry, "load", lambda name: TwoStages)
    monkeypatch.setattr(registry, "preset", lambda *asked: registry.Preset({}, {"warmup": 0.5}))
    order = Order(
        "two", TASK, str(tiny_models / "grammar"), None, tmp_path / "S", train_rows=256, epochs=1, batch_size=32,
        learning_rate=1.0e-3,
    )  # fmt: skip
    distill(order, Runtime("cpu"), Store(tmp_path / "store"), None)
    rates = [rate * 1e3 for rate, _ in seen]
    assert rates == pytest.approx([0, 0.5, 1, 1, 0, 0.5, 1, 0.5])
    states = [count for _, count in seen]
    assert states[0] == states[4] == 0
    assert min(states[1:4] + states[5:]) > 0
    log = read_log(tmp_path / "S")
    assert [(line["update"], line["stage"]) for line in log] == [(4, "level"), (8, "falling")]
    assert "level" in log[0]
    assert "falling" in log[1]
    assert "level" not in log[1]


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher wider than the student."""
    return write_start(tmp_path_factory.mktemp("wide") / "teacher", TASK.card, width=128)


def command(tiny_models: Path, wide: Path, folder: Path) -> list[str]:
    return [
        sys.executable, "-m", "xkd_bench", "distill", "tinybert", "--task", TASK.name, "--teacher", str(wide),
        "--student", str(tiny_models / "grammar"), "--layers", "2,4", "--train-rows", "5120", "--batch-size", "16",
        "--epochs", "1", "--set", "inner_share=0.8", "--output", str(folder / "S"), "--store", str(folder / "store"),
    ]  # fmt: skip


def test_a_killed_training_of_two_stages_and_a_map_of_its_own_goes_on_to_the_same_weights(
    tiny_models: Path, wide: Path, tmp_path: Path
) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    subprocess.run(command(tiny_models, wide, whole), env=environment, check=True, timeout=600)
    process = subprocess.Popen(command(tiny_models, wide, cut), env=environment)
    log = cut / ".S.training" / "training_log.jsonl"
    deadline = time.monotonic() + 600
    while not (log.exists() and '"update": 250' in log.read_text()):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (cut / "S").exists()
    assert list((cut / ".S.training").glob("checkpoint-200/model.safetensors"))
    subprocess.run(command(tiny_models, wide, cut), env=environment, check=True, timeout=600)
    for name in ("model.safetensors", "training_log.jsonl"):
        assert (whole / "S" / name).read_bytes() == (cut / "S" / name).read_bytes(), name
    weights = load_file(whole / "S" / "model.safetensors")
    assert not any("projection" in name or "stage" in name for name in weights), "only the student is left"


@pytest.mark.parametrize("method", ["attn_first", "aligned_distil"])
def test_two_processes_of_torchrun_make_the_student_of_one(tiny_models: Path, tmp_path: Path, method: str) -> None:
    """The same batches, cut in two: equal up to the order of sums. attn_first leaves parameters without a gradient,
    aligned_distil runs the student twice."""
    start = str(tiny_models / "grammar")

    def arguments(output: Path) -> list[str]:
        return [
            "distill", method, "--task", TASK.name, "--teacher", start, "--student", start, "--layers", "1,3",
            "--train-rows", "320", "--batch-size", "32", "--epochs", "2", "--learning-rate", "1e-4", "--output",
            str(output), "--store", str(tmp_path / "store"),
        ]  # fmt: skip

    # Over the loopback interface: a machine's own name need not resolve.
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1"]
    torchrun += ["--nproc-per-node", "2"]
    subprocess.run(
        [*torchrun, "-m", "xkd_bench", *arguments(tmp_path / "two")], env=environment, check=True, timeout=600
    )
    subprocess.run([sys.executable, "-m", "xkd_bench", *arguments(tmp_path / "one")], env=environment, check=True)
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    before = load_file(Path(start) / "model.safetensors")
    moved = max(float((one[n] - before[n]).abs().max()) for n in one if n in before and one[n].shape == before[n].shape)
    apart = max(float((one[name] - two[name]).abs().max()) for name in one)
    assert apart < 0.05 * moved, f"{apart} of {moved}"
    logs = [read_log(tmp_path / name)[-1] for name in ("one", "two")]
    assert logs[0]["update"] == logs[1]["update"] == 20
    assert logs[1]["loss"] == pytest.approx(logs[0]["loss"], rel=1e-2)
    assert {path.name for path in tmp_path.iterdir()} <= {"one", "store", "two"}


@pytest.fixture(scope="module")
def masked_lm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A masked-language model with the grammar's words."""
    from transformers import AutoTokenizer, BertConfig, BertForMaskedLM

    place = tmp_path_factory.mktemp("masked")
    start = write_start(place / "start", TASK.card)
    config = BertConfig.from_pretrained(str(start))
    with quiet_transformers(), seeded(1):
        BertForMaskedLM(config).save_pretrained(str(place / "model"))
    AutoTokenizer.from_pretrained(str(start)).save_pretrained(str(place / "model"))
    return place / "model"


def test_masked_inputs_follow_bert_s_rule() -> None:
    n = 200
    ids = torch.arange(10, 10 + n).expand(100, n).clone()
    real, units = torch.ones(100, n, dtype=torch.long), torch.ones(100, n)
    units[:, 0], real[:, -5:], units[:, -5:] = 0, 0, 0
    changed, labels, asked = mask_tokens(ids, units, real, 3, 500, generator("masks"))
    assert torch.equal(labels != -100, real.bool())
    share = float(asked[:, 1:-5].float().mean())
    assert share == pytest.approx(0.15, abs=0.01)
    assert not asked[:, 0].any()
    assert not asked[:, -5:].any()
    assert torch.equal(labels[asked], ids[asked])
    assert torch.equal(changed[~asked], ids[~asked])
    assert float((changed[asked] == 3).float().mean()) == pytest.approx(0.8, abs=0.03)
    assert float((changed[asked] == ids[asked]).float().mean()) == pytest.approx(0.1, abs=0.03)
    again, _, _ = mask_tokens(ids, units, real, 3, 500, generator("masks"))
    assert torch.equal(again, changed)


@pytest.mark.parametrize("restrict", [False, True])
def test_aligned_distil_s_masked_form_compares_vocabularies(masked_lm: Path, restrict: bool) -> None:
    teacher = start_of(masked_lm, TASK.name, masked_lm=True)
    student = start_of(masked_lm, TASK.name, (2, 4), masked_lm=True)
    lesson = lesson_of(
        "aligned_distil", TASK.name, student, teacher, {"form": "masked_lm", "restrict_to_masked": restrict}
    )
    batch = batch_of(TASK.name, student, teacher)
    terms = terms_of(lesson, batch)
    assert set(terms) == {"label", "teacher", "hidden", "interchange"}
    chance = 0.25 * float(torch.log(torch.tensor(float(student.model.config.vocab_size))))
    assert float(terms["label"].detach()) == pytest.approx(chance, rel=0.1), "an untrained model guesses"
    other = lesson_of(
        "aligned_distil", TASK.name, student, teacher, {"form": "masked_lm", "restrict_to_masked": not restrict}
    )
    assert float(terms_of(other, batch)["label"].detach()) != float(terms["label"].detach())


def test_its_student_is_a_start_for_any_task_and_says_that_it_saw_masks(masked_lm: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    order = Order(
        "aligned_distil", TASK, str(masked_lm), str(masked_lm), tmp_path / "S", layers=(2, 4), train_rows=640, epochs=2,
        settings={"form": "masked_lm"}, learning_rate=1e-3,
    )  # fmt: skip
    distill(order, Runtime("cpu"), store, None)
    lineage = read_lineage(tmp_path / "S")
    assert lineage is not None
    assert lineage.masks_inputs
    assert lineage.trained_on_explainers == ("attention",)
    made = open_checkpoint(str(tmp_path / "S"))
    assert made.architecture == "BertForMaskedLM"
    assert made.blocks == 2
    model = load_model(made, TASK.card, masked_lm=True)
    tied = model.get_output_embeddings().weight.data_ptr() == model.get_input_embeddings().weight.data_ptr()
    assert tied
    tuned = Order("finetune", TASK, str(tmp_path / "S"), None, tmp_path / "tuned", train_rows=64, epochs=1)
    distill(tuned, Runtime("cpu"), store, None)
    check_fit(open_checkpoint(str(tmp_path / "tuned")), TASK.card, "student")


@pytest.mark.parametrize(
    ("method", "explainers"),
    [("finetune", ()), ("pkd", ()), ("ad_kd", ("input_x_gradient", "integrated_gradients")),
     ("attn_last", ("attention",)), ("attrit", ("ats", "globenc"))],
)  # fmt: skip
def test_lineage_names_the_explainers_trained_on(
    tiny_models: Path, tmp_path: Path, method: str, explainers: tuple[str, ...]
) -> None:
    start = str(tiny_models / "grammar")
    teacher = None if method == "finetune" else start
    order = Order(method, TASK, start, teacher, tmp_path / "S", layers=(2, 4), train_rows=64, epochs=1)
    distill(order, Runtime("cpu"), Store(tmp_path / "store"), None)
    lineage = read_lineage(tmp_path / "S")
    assert lineage is not None
    assert lineage.trained_on_explainers == explainers
    assert not lineage.masks_inputs
