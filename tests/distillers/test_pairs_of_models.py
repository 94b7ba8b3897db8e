"""Which teacher may teach which student, on real configurations of several families."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from lessons import batch_of, lesson_of, look_up_teacher, method_of, pairing_of, start_of, terms_of

from xkd_bench.distillers.pairing import Pairing, Shape
from xkd_bench.distillers.student import Start
from xkd_bench.errors import BadInputError
from xkd_bench.models.loading import quiet_transformers, seeded
from xkd_bench.tasks.grammar import vocabulary
from xkd_bench.tasks.registry import find_task

GRAMMAR, DIGITS = "demo/grammar", "demo/digits"
ON_OUTPUTS = ("vanilla_kd", "pd", "pkd")
ON_TOKENS = ("ad_kd", "aligned_distil", "attn_first", "attn_last", "attrit", "ckd", "internal_kd", "mgskd", "tinybert")


@pytest.fixture(scope="module")
def roberta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A RoBERTa with a byte-level BPE made on the spot."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaConfig, RobertaForSequenceClassification, RobertaTokenizerFast

    folder = tmp_path_factory.mktemp("roberta")
    trained = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trained.train_from_iterator([" ".join(vocabulary())] * 20, vocab_size=400, special_tokens=special)
    trained.save(str(folder / "tokenizer.json"))
    tokenizer = RobertaTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), model_max_length=32)
    card = find_task(GRAMMAR).card
    config = RobertaConfig(
        vocab_size=len(tokenizer), hidden_size=96, num_hidden_layers=4, num_attention_heads=4, intermediate_size=192,
        max_position_embeddings=40, pad_token_id=1, id2label=dict(enumerate(card.labels)),
        label2id={name: i for i, name in enumerate(card.labels)},
    )  # fmt: skip
    with quiet_transformers(), seeded(3):
        RobertaForSequenceClassification(config).save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    return folder


@pytest.mark.parametrize("name", ON_OUTPUTS)
def test_a_roberta_teaches_a_bert_where_only_outputs_or_cls_are_matched(
    roberta: Path, tiny_models: Path, name: str
) -> None:
    """Each model reads its own tokens of the same text."""
    teacher, student = start_of(roberta, GRAMMAR), start_of(tiny_models / "grammar", GRAMMAR, (2, 4))
    assert not pairing_of(student, teacher).same_tokens
    batch = batch_of(GRAMMAR, student, teacher)
    assert batch["teacher_input_ids"].shape != batch["input_ids"].shape
    lesson = lesson_of(name, GRAMMAR, student, teacher)
    look_up_teacher(lesson, teacher, batch)
    terms = terms_of(lesson, batch)
    torch.stack(list(terms.values())).sum().backward()
    assert all(torch.isfinite(term) for term in terms.values())
    if name == "pkd":  # what the teacher saw is its own input
        inputs = {k.removeprefix("teacher_"): v for k, v in batch.items() if k.startswith("teacher_")}
        seen, _ = lesson._teacher(inputs, batch["position"], lesson.distiller.watch)
        assert seen is not None
        torch.testing.assert_close(seen.logits, teacher.model(**inputs).logits)


@pytest.mark.parametrize("name", ON_TOKENS)
def test_it_is_refused_with_the_reason_where_tokens_are_matched(roberta: Path, tiny_models: Path, name: str) -> None:
    teacher, student = start_of(roberta, GRAMMAR), start_of(tiny_models / "grammar", GRAMMAR, (2, 4))
    settings = {"relation_heads": 32} if name == "mgskd" else {}
    with pytest.raises(BadInputError, match="read the same tokens") as refused:
        method_of(name, GRAMMAR, pairing_of(student, teacher), settings)
    assert "vanilla_kd or pkd" in str(refused.value)


def shapes(**changes: Any) -> Pairing:
    student = {"blocks": 3, "heads": 4, "width": 96, **{k[2:]: v for k, v in changes.items() if k.startswith("s_")}}
    teacher = {"blocks": 6, "heads": 4, "width": 96, **{k[2:]: v for k, v in changes.items() if k.startswith("t_")}}
    return Pairing(Shape("student", **student), Shape("teacher", **teacher), True)


@pytest.mark.parametrize(
    ("name", "task", "changes", "reason"),
    [
        ("attn_last", "cola", {"s_heads": 2}, "as many attention heads"),
        ("tinybert", "cola", {"s_heads": 2}, "as many attention heads"),
        ("tinybert", "cola", {"s_blocks": 4}, "multiple of the student's"),
        ("ckd", "cola", {"s_blocks": 4}, "multiple of the student's"),
        ("pkd", "cola", {"s_blocks": 1}, "at least 2 blocks"),
        ("aligned_distil", "cola", {"s_blocks": 2}, "2 teacher blocks for each"),
        ("aligned_distil", "cola", {"s_width": 48}, "as wide as its teacher"),
        ("aligned_distil", "cola", {"s_distillation_token": True}, "without a distillation token"),
        ("mgskd", "cola", {"t_width": 100}, "width that 64 divides"),
        ("attrit", "stsb", {}, "a classification"),
    ],
)
def test_what_does_not_fit_is_refused(name: str, task: str, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadInputError, match=reason):
        method_of(name, task, shapes(**changes))


@pytest.mark.parametrize("name", ["pkd", "tinybert", "internal_kd"])
def test_other_widths_are_mapped(name: str) -> None:
    method = method_of(name, "cola", shapes(s_width=48))
    assert [tuple(weight.shape) for weight in method.parameters()] == [(96, 48)]
    assert not list(method_of(name, "cola", shapes()).parameters())


@pytest.mark.parametrize(
    "name", ["vanilla_kd", "pd", "attn_last", "ad_kd", "pkd", "tinybert", "ckd", "internal_kd", "aligned_distil"]
)
def test_regressions_are_taught_by_all_but_attrit(name: str) -> None:
    method_of(name, "stsb", shapes())


def deit(folder: Path, with_teacher: bool) -> Path:
    """A DeiT for the demo's digits."""
    from transformers import (
        DeiTConfig,
        DeiTForImageClassification,
        DeiTForImageClassificationWithTeacher,
        ViTImageProcessorPil,
    )

    card = find_task(DIGITS).card
    config = DeiTConfig(
        image_size=8, patch_size=2, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, id2label=dict(enumerate(card.labels)),
        label2id={name: i for i, name in enumerate(card.labels)},
    )  # fmt: skip
    kind = DeiTForImageClassificationWithTeacher if with_teacher else DeiTForImageClassification
    with quiet_transformers(), seeded(5):
        kind(config).save_pretrained(str(folder))
    half = [0.5, 0.5, 0.5]
    processor = ViTImageProcessorPil(do_resize=False, size={"height": 8, "width": 8}, image_mean=half, image_std=half)
    processor.save_pretrained(str(folder))
    return folder


@pytest.mark.parametrize(
    "name", ["attrit", "ad_kd", "attn_first", "attn_last", "tinybert", "ckd", "pkd", "internal_kd"]
)
@pytest.mark.parametrize("with_teacher", [True, False])
def test_a_vit_teaches_a_deit_whose_distillation_token_is_left_out(
    teachers: dict[str, Path], tmp_path: Path, name: str, with_teacher: bool
) -> None:
    teacher, student = start_of(teachers[DIGITS], DIGITS), start_of(deit(tmp_path, with_teacher), DIGITS)
    lesson = lesson_of(name, DIGITS, student, teacher)
    batch = batch_of(DIGITS, student, teacher)
    terms = terms_of(lesson, batch)
    torch.stack(list(terms.values())).sum().backward()
    assert all(torch.isfinite(term) for term in terms.values())


def grads(start: Start) -> set[str]:
    found = {n for n, p in start.model.named_parameters() if p.grad is not None and float(p.grad.abs().max()) > 0}
    start.model.zero_grad()
    return found


def test_attrit_trains_the_class_head_on_labels_and_the_distillation_head_on_the_teacher(
    teachers: dict[str, Path], tmp_path: Path
) -> None:
    teacher, student = start_of(teachers[DIGITS], DIGITS), start_of(deit(tmp_path, True), DIGITS)
    lesson, batch = lesson_of("attrit", DIGITS, student, teacher), batch_of(DIGITS, student, teacher)
    terms_of(lesson, batch)["label"].backward()
    assert {n for n in grads(student) if "classifier" in n} == {"cls_classifier.weight", "cls_classifier.bias"}
    terms_of(lesson, batch)["teacher"].backward()
    heads = {n for n in grads(student) if "classifier" in n}
    assert heads == {"distillation_classifier.weight", "distillation_classifier.bias"}


@pytest.mark.parametrize("task", [GRAMMAR, DIGITS])
@pytest.mark.parametrize(
    ("term", "rows"), [("ats", "cls"), ("ats", "all"), ("attribution", "cls"), ("attribution", "all")]
)
def test_attrit_s_attributions_reach_queries_keys_values_and_outputs(
    teachers: dict[str, Path], task: str, term: str, rows: str
) -> None:
    """The released code gives them no gradient, or one to a layer norm alone."""
    teacher, student = start_of(teachers[task], task), start_of(teachers[task], task, (2, 4))
    lesson = lesson_of("attrit", task, student, teacher, {"rows": rows})
    terms_of(lesson, batch_of(task, student, teacher))[term].backward()
    found = grads(student)
    parts = ["query", "key", "value", "embeddings"] if task == GRAMMAR else ["q_proj", "k_proj", "v_proj", "embeddings"]
    known = {n for n, _ in student.model.named_parameters()}
    for part in parts:
        if any(part in n for n in known):
            assert any(part in n and n.endswith("weight") for n in found), part
    values = [n for n in known if ("value.weight" in n or "v_proj.weight" in n)]
    # The last block's scores need its values, but only GlobEnc what its output matrix makes of them.
    assert set(values) <= found
    outputs = [n for n in known if "attention.output.dense.weight" in n or "o_proj.weight" in n]
    last = sorted(outputs)[-1]
    assert (last in found) == (term == "attribution")


def test_attrit_s_ats_by_hand() -> None:
    """One head of width one, two patches: attention (.5, .25, .25), values 1 and 3 → scores 1/4 and 3/4."""
    from xkd_bench.explainers.token_matrices import ats
    from xkd_bench.models.blocks import Block

    attention = torch.tensor([0.5, 0.25, 0.25]).expand(1, 1, 3, 3)
    block = Block(
        torch.zeros(1, 3, 1), attention, torch.tensor([[[[9.0], [1.0], [3.0]]]]), torch.nn.Linear(1, 1), True, ()
    )
    units = torch.tensor([[0.0, 1.0, 1.0]])
    torch.testing.assert_close(ats(block, units)[0, 0], torch.tensor([0.0, 0.25, 0.75]))
