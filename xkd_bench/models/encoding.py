"""From inputs to what a model's forward takes: token ids of text, pixel values of images, one row an example."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import torch

from xkd_bench.errors import BadInputError
from xkd_bench.models.checkpoint import Checkpoint, reason
from xkd_bench.tasks.card import TaskCard
from xkd_bench.tasks.examples import ImageInput, Input, TextInput

Row = dict[str, Any]  # name of a forward argument → list of ints, or a tensor without the batch axis
KEPT_IMAGES = 2**30  # bytes of encoded training images held in memory
Spans = tuple[
    list[tuple[int, int]], list[int | None]
]  # of each token: characters in its segment; segment, None if special


class Encoder(Protocol):
    """What the classifier and the training loop need of a tokenizer or an image processor."""

    def encode(self, inputs: Sequence[Input]) -> list[Row]: ...

    def length(self, row: Row) -> int: ...

    def spans(self, inputs: Sequence[Input]) -> list[Spans] | None: ...

    @property
    def mask_token(self) -> str | None: ...

    def save(self, folder: str) -> None: ...


class TextEncoder:
    """A checkpoint's tokenizer, cutting to the task's window; never padding."""

    def __init__(self, checkpoint: Checkpoint, card: TaskCard, model: torch.nn.Module) -> None:
        from transformers import AutoTokenizer

        try:
            self.tokenizer = AutoTokenizer.from_pretrained(
                str(checkpoint.folder), local_files_only=True, trust_remote_code=False
            )
        except Exception as error:
            raise BadInputError(
                where=checkpoint.location,
                expected="a tokenizer that loads",
                found=reason(error),
                fix="save the tokenizer again with tokenizer.save_pretrained",
            ) from error
        self.truncate = card.inputs.truncate
        self._parts = _encoding_parts(self.tokenizer)
        self.max_length = min(card.inputs.max_length, _window(checkpoint))
        self._accepted = set(inspect.signature(model.forward).parameters)

    def encode(self, inputs: Sequence[Input]) -> list[Row]:
        if self._parts is None:
            return self._rows(self._tokenized(inputs), len(inputs))
        names = [name for name in self._parts if name in self._accepted]
        wanted = [(name, self._parts[name]) for name in names]
        return [{name: getattr(one, part) for name, part in wanted} for one in self._encodings(inputs)]

    def encode_with_spans(self, inputs: Sequence[Input]) -> tuple[list[Row], list[Spans] | None]:
        """Rows as of `encode`, and where their tokens lie in the text; None for a tokenizer that does not say."""
        if not self.tokenizer.is_fast:
            return self.encode(inputs), None
        encoded = self._tokenized(inputs, return_offsets_mapping=True)
        spans = [(encoded["offset_mapping"][i], encoded.sequence_ids(i)) for i in range(len(inputs))]
        return self._rows(encoded, len(inputs)), spans

    def spans(self, inputs: Sequence[Input]) -> list[Spans] | None:
        return self.encode_with_spans(inputs)[1]

    @property
    def mask_token(self) -> str | None:
        token = self.tokenizer.mask_token
        return None if token is None else str(token)

    def _rows(self, encoded: Any, count: int) -> list[Row]:
        names = [name for name in encoded if name in self._accepted]
        return [{name: encoded[name][i] for name in names} for i in range(count)]

    def _tokenized(self, inputs: Sequence[Input], **options: bool) -> Any:
        texts, pairs, strategy = self._texts(inputs)
        if not texts:
            return {}
        with self._cutting(strategy):
            return self.tokenizer(
                texts, pairs, truncation=strategy, max_length=self.max_length, padding=False, **options
            )

    def _encodings(self, inputs: Sequence[Input]) -> list[Any]:
        """What the library's own call makes its result from. That takes as long again as the tokens themselves, which
        counts where a hundred thousand short texts wait for a GPU."""
        texts, pairs, strategy = self._texts(inputs)
        if not texts:
            return []
        from transformers.tokenization_utils_base import PaddingStrategy, TruncationStrategy

        self.tokenizer.set_truncation_and_padding(
            padding_strategy=PaddingStrategy.DO_NOT_PAD,
            truncation_strategy=TruncationStrategy(strategy),
            max_length=self.max_length,
            stride=0,
            pad_to_multiple_of=None,
            padding_side=None,
        )
        backend = self.tokenizer.backend_tokenizer
        backend.encode_special_tokens = self.tokenizer.split_special_tokens
        with self._cutting(strategy):
            return list(backend.encode_batch(texts if pairs is None else list(zip(texts, pairs, strict=True))))

    def _texts(self, inputs: Sequence[Input]) -> tuple[list[str], list[str | None] | None, str]:
        """Texts, their pairs where there are any, and how what is too long is cut."""
        texts = [row for row in inputs if isinstance(row, TextInput)]
        if len(texts) != len(inputs):
            raise TypeError("TextEncoder takes TextInput")
        if not texts or texts[0].text_pair is None:
            return [row.text for row in texts], None, "longest_first"
        return [row.text for row in texts], [row.text_pair for row in texts], self.truncate

    @contextmanager
    def _cutting(self, strategy: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            # The tokenizers library raises a bare Exception where the part that may give way is too short.
            raise BadInputError(
                where="[inputs] of the task file",
                expected=f"texts that `truncate = {strategy!r}` can cut to {self.max_length} tokens",
                found=str(error),
                fix="raise max_length, or let the other part give way",
            ) from error

    def length(self, row: Row) -> int:
        return len(row["input_ids"])

    def save(self, folder: str) -> None:
        self.tokenizer.save_pretrained(folder)


def _encoding_parts(tokenizer: Any) -> dict[str, str] | None:
    """Where the tokenizers library keeps each argument of a forward; None where a tokenizer has others, or is slow."""
    parts = {"input_ids": "ids", "token_type_ids": "type_ids", "attention_mask": "attention_mask"}
    names = list(tokenizer.model_input_names)
    return {name: parts[name] for name in names} if tokenizer.is_fast and set(names) <= set(parts) else None


class ImageEncoder:
    """A checkpoint's image processor in its Pillow form; torchvision is not needed."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        from transformers import AutoImageProcessor

        try:
            self.processor = AutoImageProcessor.from_pretrained(
                str(checkpoint.folder), backend="pil", local_files_only=True, trust_remote_code=False
            )
        except Exception as error:
            raise BadInputError(
                where=checkpoint.location,
                expected="an image processor that loads without torchvision",
                found=reason(error),
                fix="save the processor again with processor.save_pretrained",
            ) from error
        self._location, self._tokens = checkpoint.location, _patches(checkpoint)

    def encode(self, inputs: Sequence[Input]) -> list[Row]:
        images = [row.pixels for row in inputs if isinstance(row, ImageInput)]
        if len(images) != len(inputs):
            raise TypeError("ImageEncoder takes ImageInput")
        if not images:
            return []
        if len({image.shape for image in images}) > 1:  # alone: only a processor that resizes makes one tensor of them
            return [row for image in images for row in self._processed([image])]
        return self._processed(images)

    def _processed(self, images: Sequence[Any]) -> list[Row]:
        try:
            values = self.processor(images, return_tensors="pt", input_data_format="channels_last")["pixel_values"]
        except Exception as error:  # an image processor raises what its library does
            height, width = images[0].shape[:2]
            raise BadInputError(
                where=self._location,
                expected=f"an image processor that takes RGB images of {width}×{height} pixels",
                found=reason(error),
                fix="mend preprocessor_config.json (do_resize, size, image_mean and image_std of three channels)",
            ) from error
        return [{"pixel_values": value} for value in values]

    def length(self, row: Row) -> int:
        return self._tokens

    def spans(self, inputs: Sequence[Input]) -> list[Spans] | None:
        return None

    @property
    def mask_token(self) -> str | None:
        return None

    def save(self, folder: str) -> None:
        self.processor.save_pretrained(folder)


def make_encoder(checkpoint: Checkpoint, card: TaskCard, model: torch.nn.Module) -> Encoder:
    return ImageEncoder(checkpoint) if card.modality == "image" else TextEncoder(checkpoint, card, model)


class EncodedRows(Sequence[Row]):
    """Rows of many inputs with their lengths: texts encoded at once, images when they are first asked for.

    Encoded images are kept for the next epoch while they take `KEPT_IMAGES` bytes at most, as CIFAR's do (0.6 GB);
    fifty thousand of 224×224 pixels would fill 30 GB and are encoded each time.
    """

    def __init__(self, encoder: Encoder, inputs: Sequence[Input]) -> None:
        self._encoder, self._inputs = encoder, inputs
        self._rows = None if isinstance(encoder, ImageEncoder) else encoder.encode(inputs)
        self._kept: dict[int, Row] = {}
        if self._rows is not None:
            self.lengths = [encoder.length(row) for row in self._rows]
        else:
            self.lengths = [encoder.length({})] * len(inputs)

    def __len__(self) -> int:
        return len(self._inputs)

    def __getitem__(self, position: Any) -> Any:
        if self._rows is not None:
            return self._rows[position]
        if position in self._kept:
            return self._kept[position]
        row = self._encoder.encode([self._inputs[position]])[0]
        if sum(value.nbytes for value in row.values()) * len(self) <= KEPT_IMAGES:
            self._kept[position] = row
        return row


def stack_images(values: Sequence[torch.Tensor]) -> torch.Tensor:
    """Pixel values with a batch axis. Raises `BadInputError` for images of several sizes."""
    sizes = {tuple(value.shape[-2:]) for value in values}
    if len(sizes) > 1:
        raise BadInputError(
            where="images as the image processor gives them",
            expected="one size",
            found=" and ".join(f"{width}×{height}" for height, width in sorted(sizes)[:3]) + " pixels",
            fix="let the image processor resize (do_resize and size in preprocessor_config.json)",
        )
    return torch.stack(list(values))


def stack(rows: Sequence[Row]) -> dict[str, torch.Tensor]:
    """Rows of one length as tensors with a batch axis. Raises `BadInputError` for images of several sizes."""
    first = rows[0]
    return {
        name: stack_images([row[name] for row in rows])
        if isinstance(first[name], torch.Tensor)
        else torch.tensor([row[name] for row in rows], dtype=torch.long)
        for name in first
    }


def _window(checkpoint: Checkpoint) -> int:
    """Positions the model has. RoBERTa-like models spend the first `pad_token_id + 1` of them on padding."""
    positions = int(checkpoint.config.get("max_position_embeddings") or 512)
    offset_types = {
        "roberta",
        "xlm-roberta",
        "camembert",
        "longformer",
        "mpnet",
        "roberta-prelayernorm",
        "xlm-roberta-xl",
    }
    if checkpoint.model_type in offset_types:
        return positions - int(checkpoint.config.get("pad_token_id") or 1) - 1
    return positions if positions > 0 else 512


def patch_sides(checkpoint: Checkpoint) -> tuple[int, int] | None:
    """Rows and columns of patches a vision transformer cuts an image into; None where the config does not say."""
    sizes, patches = (_two_sides(checkpoint.config.get(name)) for name in ("image_size", "patch_size"))
    if sizes is None or patches is None or min(patches) < 1:
        return None
    return math.ceil(sizes[0] / patches[0]), math.ceil(sizes[1] / patches[1])


def unfitting_sizes(image_size: Any, tensors: Mapping[str, torch.Tensor]) -> tuple[str, str] | None:
    """The `image_size` of a config and the size of these images, "8×8" and "9×9"; None where they agree."""
    expected, pixels = _two_sides(image_size), tensors.get("pixel_values")
    if expected is None or pixels is None or tuple(pixels.shape[-2:]) == expected:
        return None
    height, width = pixels.shape[-2:]
    return f"{expected[1]}×{expected[0]}", f"{width}×{height}"


def _two_sides(value: Any) -> tuple[int, int] | None:
    sides = (value, value) if isinstance(value, int) else tuple(value) if isinstance(value, list | tuple) else ()
    return sides if len(sides) == 2 and all(isinstance(side, int) for side in sides) else None


def _patches(checkpoint: Checkpoint) -> int:
    """Tokens of one image, for the batch planner: patches plus two special ones; 256 where the config does not say."""
    sides = patch_sides(checkpoint)
    return 256 if sides is None else sides[0] * sides[1] + 2
