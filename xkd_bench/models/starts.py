"""Untrained models small enough to learn a demo task in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xkd_bench.models.loading import quiet_transformers, seeded
from xkd_bench.randomness import seed_of
from xkd_bench.records.files import whole_folder
from xkd_bench.tasks.card import TaskCard

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def write_start(folder: Path, card: TaskCard, width: int | None = None) -> Path:
    """An untrained checkpoint for a demo task: a BERT with the grammar's own words, or a ViT for 8×8 images.

    width: of its states; by default 96 for texts and 64 for images.
    """
    make = _image_start if card.modality == "image" else _text_start
    with whole_folder(folder) as temporary, quiet_transformers(), seeded(seed_of("demo start", card.name)):
        model, processor = make(_labels(card), width)
        model.save_pretrained(str(temporary))
        processor.save_pretrained(str(temporary))
    return folder


def _labels(card: TaskCard) -> dict[str, Any]:
    return {
        "id2label": dict(enumerate(card.labels)),
        "label2id": {name: i for i, name in enumerate(card.labels)},
    }


def _text_start(labels: dict[str, Any], width: int | None) -> tuple[Any, Any]:
    from transformers import BertConfig, BertForSequenceClassification

    tokenizer = _word_tokenizer()
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=width or 96,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=192,
        max_position_embeddings=32,
        pad_token_id=0,
        # Found by trying: with the usual .02 and dropout so small a model stays at chance for several epochs.
        initializer_range=0.04,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        **labels,
    )
    return BertForSequenceClassification(config), tokenizer


def _word_tokenizer() -> Any:
    """A tokenizer whose vocabulary is the grammar's words, lower-cased."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    from xkd_bench.tasks.grammar import vocabulary

    words = (*SPECIAL_TOKENS, *vocabulary())
    tokenizer = Tokenizer(models.WordPiece({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", words.index("[CLS]")), ("[SEP]", words.index("[SEP]"))],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=32,
    )


def _image_start(labels: dict[str, Any], width: int | None) -> tuple[Any, Any]:
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

    config = ViTConfig(
        image_size=8,
        patch_size=2,
        hidden_size=width or 64,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=128,
        **labels,
    )
    half = [0.5, 0.5, 0.5]
    processor = ViTImageProcessorPil(do_resize=False, size={"height": 8, "width": 8}, image_mean=half, image_std=half)
    return ViTForImageClassification(config), processor
