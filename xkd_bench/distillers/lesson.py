"""One module that holds all that trains, the student and a method's own weights, and gives a batch's loss terms.

What wraps a model (several processes, checkpoints, the optimiser) wraps this, so that a method may run the student more
than once a step or bring weights of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from xkd_bench.distillers.contract import Again, Distiller, Stage, Step
from xkd_bench.distillers.masking import mask_tokens
from xkd_bench.distillers.pairing import Pairing, read_alike, shape_of
from xkd_bench.distillers.student import Start
from xkd_bench.models.classifier import fitting_images
from xkd_bench.models.encoding import TextEncoder
from xkd_bench.models.trace import Instead, Trace, Watch, trace
from xkd_bench.randomness import generator

LABELS, POSITION, TEACHER_PREFIX = "labels", "position", "teacher_"


@dataclass(frozen=True)
class Pair:
    """Student and, for methods that watch it, the frozen teacher; `columns` put logits in canonical class order.

    special_ids: token ids that are no words, mask_id and vocabulary: of the student's tokenizer, None for images.
    """

    student: Any
    student_columns: list[int] | None
    teacher: Any | None = None
    teacher_columns: list[int] | None = None
    special_ids: tuple[int, ...] = ()
    mask_id: int | None = None
    teacher_location: str = "the teacher"


def make_pair(student: Start, teacher: Start | None = None, location: str = "the teacher") -> Pair:
    """What a lesson needs of a student and the teacher it watches."""
    tokenizer = student.encoder.tokenizer if isinstance(student.encoder, TextEncoder) else None
    # An unknown word is a word: nobody masks it or leaves it out for being unknown.
    special = [i for i in tokenizer.all_special_ids if i != tokenizer.unk_token_id] if tokenizer else []
    return Pair(
        student.model,
        student.columns,
        teacher.model if teacher else None,
        teacher.columns if teacher else None,
        tuple(special),
        tokenizer.mask_token_id if tokenizer else None,
        location,
    )


def make_pairing(student: Start, teacher: Start, names: tuple[str, str] = ("student", "teacher")) -> Pairing:
    """Shapes of two loaded models, and whether they read the same tokens."""
    configs = (student.model.config, teacher.model.config)
    alike = read_alike(student.encoder, teacher.encoder, configs)
    return Pairing(shape_of(configs[0], names[0]), shape_of(configs[1], names[1]), alike)


@dataclass(frozen=True)
class Moment:
    """Where in the training a batch stands: updates and epochs done, of how many; which process this is."""

    update: int
    epoch: float
    epochs: int
    process: int = 0


class Lesson(nn.Module):
    """forward(batch, moment) → (terms to be minimised, terms to be logged), each a dict of scalars.

    stage_ends: update at which each stage of the method ends; a buffer, so that a resumed run knows which ended early.
    """

    stage_ends: Tensor

    def __init__(
        self,
        distiller: Distiller,
        pair: Pair,
        updates: int,
        seed: int,
        bfloat16: bool,
        teacher_logits: Tensor | None,
    ) -> None:
        super().__init__()
        self.student, self.distiller = pair.student, distiller
        self.pair, self.seed, self.autocasts, self.teacher_logits = pair, seed, bfloat16, teacher_logits
        self.register_buffer("stage_ends", torch.tensor(stage_ends(distiller.stages(), updates)))

    def stage(self, update: int) -> Stage:
        return self.distiller.stages()[self.stage_index(update)]

    def stage_index(self, update: int) -> int:
        """Which stage update `update` (from 0) belongs to."""
        index = int((self.stage_ends <= update).sum())
        return min(index, len(self.stage_ends) - 1)

    def end_stage(self, index: int, update: int) -> None:
        """End a stage here; those after it keep their lengths, the last gets what was saved."""
        saved = int(self.stage_ends[index]) - update
        self.stage_ends[index:-1] -= saved

    def forward(self, batch: dict[str, Any], moment: Moment) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        labels, positions = batch[LABELS], batch[POSITION]
        rest = {name: value for name, value in batch.items() if name not in (LABELS, POSITION)}
        inputs = {name: value for name, value in rest.items() if not name.startswith(TEACHER_PREFIX)}
        theirs = {name.removeprefix(TEACHER_PREFIX): value for name, value in rest.items() if name not in inputs}
        draw = generator("distiller", self.seed, moment.update, moment.process)
        units, asked = self._units(inputs), None
        if self.distiller.objective == "masked_lm":
            assert units is not None
            inputs, labels, asked = self._masked(inputs, units, draw)
        watch = self.distiller.watch
        student_again = _Again(self.student, inputs, self.pair.student_columns, self._autocast, self._blank)
        with fitting_images("the student to train", getattr(self.student.config, "image_size", None), inputs):
            student = student_again(watch)
        teacher, teacher_again = self._teacher(theirs or inputs, positions, watch)
        step = Step(
            labels=labels,
            mask=inputs.get("attention_mask"),
            student=student,
            teacher=teacher,
            epoch=moment.epoch,
            epochs=moment.epochs,
            stage=self.stage(moment.update),
            units=units if units is not None else _patches(inputs, self.student),
            asked=asked,
            draw=draw,
            student_again=student_again,
            teacher_again=teacher_again,
        )
        with torch.autocast(labels.device.type, enabled=False):
            terms = self.distiller.terms(step)
            with torch.no_grad():
                observed = self.distiller.observed(step)
        return terms, observed

    def _teacher(self, inputs: dict[str, Tensor], positions: Tensor, watch: Watch) -> tuple[Trace | None, Again | None]:
        if self.distiller.teacher == "none":
            return None, None
        if self.distiller.teacher == "logits":
            assert self.teacher_logits is not None
            return Trace(self.teacher_logits[positions.cpu()].to(positions.device)), None
        model = self.pair.teacher
        assert model is not None
        again = _Again(model, inputs, self.pair.teacher_columns, self._autocast, self._blank, frozen=True)
        with fitting_images(self.pair.teacher_location, getattr(model.config, "image_size", None), inputs):
            return again(watch), again

    @contextmanager
    def _autocast(self) -> Iterator[None]:
        device = next(self.student.parameters()).device.type
        with torch.autocast(device, dtype=torch.bfloat16, enabled=self.autocasts):
            yield

    def _units(self, inputs: dict[str, Tensor]) -> Tensor | None:
        """(B, n): 1 for tokens that are words; None for images."""
        if "input_ids" not in inputs:
            return None
        special = torch.tensor(self.pair.special_ids, device=inputs["input_ids"].device)
        return (~torch.isin(inputs["input_ids"], special)).float() * inputs["attention_mask"]

    def _masked(self, inputs: dict[str, Tensor], units: Tensor, draw: Any) -> tuple[dict[str, Tensor], Tensor, Tensor]:
        vocabulary = int(self.student.config.vocab_size)
        assert self.pair.mask_id is not None
        ids, labels, asked = mask_tokens(
            inputs["input_ids"], units, inputs["attention_mask"], self.pair.mask_id, vocabulary, draw
        )
        return {**inputs, "input_ids": ids}, labels, asked

    def _blank(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """The inputs with nothing in them: padding at every position, pixels of the mean colour."""
        if "pixel_values" in inputs:
            return {"pixel_values": torch.zeros_like(inputs["pixel_values"])}
        pad = int(getattr(self.student.config, "pad_token_id", None) or 0)
        blank = {"input_ids": torch.full_like(inputs["input_ids"], pad)}
        return blank | {name: inputs[name] for name in ("token_type_ids",) if name in inputs}


class _Again(Again):
    """One model on one batch."""

    def __init__(
        self,
        model: Any,
        inputs: dict[str, Tensor],
        columns: list[int] | None,
        autocast: Any,
        blank: Callable[[dict[str, Tensor]], dict[str, Tensor]],
        frozen: bool = False,
    ) -> None:
        self.model, self.inputs, self.columns = model, inputs, columns
        self.autocast, self.blank, self.frozen = autocast, blank, frozen

    def __call__(self, watch: Watch = Watch(), instead: Instead | None = None, dropout: bool | None = None) -> Trace:  # noqa: B008
        # A gradient to a frozen teacher's embeddings needs a graph; its weights have none either way.
        needs_graph = not self.frozen or watch.embedding_gradient
        before = self.model.training
        if dropout is not None:
            self.model.train(dropout)
        try:
            with torch.set_grad_enabled(needs_graph and torch.is_grad_enabled()), self.autocast():
                return trace(self.model, self.inputs, self.columns, watch, instead)
        finally:
            self.model.train(before)

    def blank_embeddings(self) -> Tensor:
        with torch.no_grad(), self.autocast():
            arguments = self.blank(self.inputs)
            pixels = arguments.pop("pixel_values", None)
            module = self.model.base_model.embeddings
            before = module.training
            module.eval()
            try:
                output = module(pixels) if pixels is not None else module(**arguments)
            finally:
                module.train(before)
        found: Tensor = output[0] if isinstance(output, tuple) else output
        return found


def stage_ends(stages: Sequence[Stage], updates: int) -> list[int]:
    """The update at which each stage ends, at least one update a stage where there are as many."""
    shares = [stage.share for stage in stages]
    ends, total = [], 0.0
    for place, share in enumerate(shares):
        total += share
        least, most = place + 1, updates - (len(shares) - place - 1)
        ends.append(max(min(round(updates * total / sum(shares)), most), least))
    ends[-1] = updates
    return ends


def _patches(inputs: dict[str, Tensor], model: Any) -> Tensor:
    """(B, n) without a distillation token: 0 for [CLS], 1 for patches."""
    pixels = inputs["pixel_values"]
    size, patch = (_two(getattr(model.config, name, 1)) for name in ("image_size", "patch_size"))
    count = (size[0] // patch[0]) * (size[1] // patch[1])
    units = torch.ones(len(pixels), count + 1, device=pixels.device)
    units[:, 0] = 0
    return units


def _two(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[1]))
