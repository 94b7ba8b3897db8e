"""Small random text models with tokenizers made on the spot: a BERT with word pieces, a RoBERTa with bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForSequenceClassification,
)

from xkd_bench.explainers.contract import Explanation, Question
from xkd_bench.models.checkpoint import open_checkpoint
from xkd_bench.models.classifier import Classifier, Runtime
from xkd_bench.models.fit import check_fit
from xkd_bench.models.loading import seeded
from xkd_bench.tasks.card import TaskCard
from xkd_bench.tasks.examples import TextInput
from xkd_bench.tasks.words import units_of

KINDS = ("bert", "roberta")
SENTENCES = (
    "The old teacher didn't describe the well-known queen.",
    "A careful girl saw two dogs, and the boys slept!",
    "Unbelievably good film; not a very bad film, but good fun?",
    "She gave him 1,000.50 $5 coins in the café.",
)
ODD_TEXTS = ("", "   ", "word", "...?!--", "👍🏽 ❤️", "שלום עולם! بِسْمِ اللَّهِ", "हिन्दी में", "a" * 90, "\x00a b\ue000 c")


def write_model(folder: Path, kind: str, labels: Sequence[str] = ("no", "yes"), seed: int = 0) -> Path:
    """A random model and its tokenizer; no labels make it a regression."""
    tokenizer = _word_pieces() if kind == "bert" else _bytes()
    options: dict[str, Any] = {"num_labels": 1, "problem_type": "regression"}
    if labels:
        options = {"id2label": dict(enumerate(labels)), "label2id": {name: i for i, name in enumerate(labels)}}
    config = (BertConfig if kind == "bert" else RobertaConfig)(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=64,
        pad_token_id=tokenizer.pad_token_id,
        initializer_range=0.25,  # far from linear, as a trained model is
        **options,
    )
    with seeded(seed):
        model = (BertForSequenceClassification if kind == "bert" else RobertaForSequenceClassification)(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_classifier(
    folder: Path, labels: Sequence[str] = ("no", "yes"), tokens: int | None = None, dtype: Any = "float32"
) -> Classifier:
    card = TaskCard.model_validate(
        {
            "name": "mine",
            "title": "Mine",
            "summary": "Is the sentence right?",
            "kind": "classification" if labels else "regression",
            "modality": "text",
            "labels": tuple(labels),
            "headline": "accuracy" if labels else "spearman",
            "licence": "ours",
            "citation": "none",
            "data": {"source": "files", "evaluation": "rows.csv", "columns": {"text": ("sentence",)}},
            "inputs": {"max_length": 48},
        }
    )
    checkpoint = open_checkpoint(str(folder))
    return Classifier(checkpoint, card, check_fit(checkpoint, card, "student"), Runtime("cpu", dtype, tokens))


def ask(*texts: str | tuple[str, str], target: int = 1) -> list[Question]:
    """Questions about these texts or pairs, named by where they stand."""
    inputs = [TextInput(text) if isinstance(text, str) else TextInput(*text) for text in texts]
    return [Question(str(i), row, units_of(row), target) for i, row in enumerate(inputs)]


def same(first: Sequence[Explanation], second: Sequence[Explanation]) -> bool:
    """Whether explanations are equal to the bit."""
    return len(first) == len(second) and all(
        one.scores.tobytes() == other.scores.tobytes()
        and one.covered.tolist() == other.covered.tolist()
        and (one.reason, dict(one.notes)) == (other.reason, dict(other.notes))
        for one, other in zip(first, second, strict=True)
    )


class Bag(torch.nn.Module):
    """A linear model: logit c of a text is the sum over its tokens of column c of their embeddings."""

    dtype = torch.float32

    def __init__(self, tokens: int, classes: int) -> None:
        super().__init__()
        with seeded(3):
            self.embedding = torch.nn.Embedding(tokens, classes)

    def get_input_embeddings(self) -> torch.nn.Embedding:
        return self.embedding

    def forward(self, input_ids: torch.Tensor, **others: Any) -> Any:
        from types import SimpleNamespace

        return SimpleNamespace(logits=self.embedding(input_ids).sum(1))


def _word_pieces() -> PreTrainedTokenizerFast:
    # Not trained: the library's training of word pieces gives another vocabulary every time.
    letters = sorted({letter for letter in " ".join(SENTENCES).lower() if not letter.isspace()} | {*ascii_lowercase})
    words = sorted({word for sentence in SENTENCES for word in sentence.lower().split() if word.isalpha()})[::2]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters), *words]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys([*pieces, "queen", "film", "good", "##ly"]))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        model_max_length=64,
    )


def _bytes() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    specials = ["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True)]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        SENTENCES,
        trainers.BpeTrainer(vocab_size=400, special_tokens=specials, initial_alphabet=alphabet, show_progress=False),
    )
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_max_length=60,
    )
