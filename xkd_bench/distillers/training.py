"""The one training loop: `transformers.Trainer` with a distiller's terms as its loss."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from xkd_bench.distillers.contract import Distiller, Step
from xkd_bench.distillers.sampling import LengthGroups
from xkd_bench.errors import NonFiniteError
from xkd_bench.models.classifier import fitting_images
from xkd_bench.models.encoding import Row, stack_images
from xkd_bench.models.loading import seeded
from xkd_bench.models.trace import Trace, Watch, prepare, trace

LABELS, POSITION = "labels", "position"


@dataclass(frozen=True)
class Schedule:
    """The house protocol: AdamW(β .9/.999, ε 1e-8, no decay of biases and norms), linear decay, clip 1, last step.

    The learning rate falls from `learning_rate` to 0 after `warmup_steps` updates of rising; batches hold rows of like
    length (`sampling.LengthGroups`).
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.01
    warmup_steps: int = 0
    clip: float = 1.0
    bfloat16: bool = False
    seed: int = 0

    def updates(self, rows: int) -> int:
        return self.epochs * -(-rows // self.batch_size)


@dataclass(frozen=True)
class TrainingRows:
    """Encoded rows with their labels and lengths; teacher_logits (n, C) where the method only needs those."""

    rows: Sequence[Row]
    labels: np.ndarray[Any, Any]
    lengths: Sequence[int]
    teacher_logits: torch.Tensor | None

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, position: int) -> dict[str, Any]:
        return {**self.rows[position], LABELS: self.labels[position], POSITION: position}


@dataclass(frozen=True)
class Pair:
    """Student and, for methods that watch it, the frozen teacher; `columns` put logits in canonical class order."""

    student: Any
    student_columns: list[int]
    teacher: Any | None = None
    teacher_columns: list[int] | None = None


def collate(rows: Sequence[dict[str, Any]], pad_token_id: int, regression: bool) -> dict[str, torch.Tensor]:
    """Pad token rows to the longest of the batch (mask and segments with 0), stack images."""
    batch: dict[str, torch.Tensor] = {
        LABELS: torch.tensor([row[LABELS] for row in rows], dtype=torch.float32 if regression else torch.long),
        POSITION: torch.tensor([row[POSITION] for row in rows]),
    }
    for name in rows[0]:
        if name in batch:
            continue
        values = [row[name] for row in rows]
        if isinstance(values[0], torch.Tensor):
            batch[name] = stack_images(values)
            continue
        longest = max(len(value) for value in values)
        fill = pad_token_id if name == "input_ids" else 0
        batch[name] = torch.tensor([list(value) + [fill] * (longest - len(value)) for value in values])
    return batch


class DistillationTrainer(Trainer):
    """The library's trainer, asking a distiller for the loss of every batch."""

    def __init__(
        self, distiller: Distiller, pair: Pair, schedule: Schedule, data: TrainingRows, **options: Any
    ) -> None:
        self.distiller, self.pair, self.schedule, self.data = distiller, pair, schedule, data
        self.term_sums: dict[str, float] = defaultdict(float)
        self.term_count = 0
        super().__init__(model=pair.student, train_dataset=data, **options)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        labels, positions = inputs.pop(LABELS), inputs.pop(POSITION)
        watch = self.distiller.watch
        with fitting_images("the student to train", getattr(model.config, "image_size", None), inputs):
            student = trace(model, inputs, self.pair.student_columns, watch)
        step = Step(
            labels=labels,
            mask=inputs.get("attention_mask"),
            student=student,
            teacher=self._teacher(inputs, positions, watch),
            epoch=float(self.state.epoch or 0.0),
            epochs=self.schedule.epochs,
        )
        terms = self.distiller.terms(step)
        loss = torch.stack(list(terms.values())).sum()
        if not torch.isfinite(loss):
            raise NonFiniteError(
                where=f"update {self.state.global_step + 1}",
                expected="a finite loss",
                found=", ".join(f"{name} = {float(term.detach()):g}" for name, term in terms.items()),
                fix="lower --learning-rate, or train in float32",
            )
        for name, term in {**terms, "loss": loss}.items():
            self.term_sums[name] += float(term.detach())
        self.term_count += 1
        return (loss, {"logits": student.logits}) if return_outputs else loss

    def _teacher(self, inputs: dict[str, Any], positions: torch.Tensor, watch: Watch) -> Trace | None:
        if self.distiller.teacher == "none":
            return None
        if self.distiller.teacher == "logits":
            assert self.data.teacher_logits is not None
            return Trace(self.data.teacher_logits[positions.cpu()].to(positions.device))
        assert self.pair.teacher is not None
        assert self.pair.teacher_columns is not None
        # A gradient to the teacher's embeddings needs a graph; its weights are frozen either way.
        with torch.set_grad_enabled(watch.embedding_gradient):
            return trace(self.pair.teacher, inputs, self.pair.teacher_columns, watch)

    def _get_train_sampler(self, train_dataset: Any = None) -> LengthGroups:
        return LengthGroups(self.data.lengths, self.schedule.batch_size, self.schedule.seed)

    def means_since_last(self) -> dict[str, float]:
        """Mean of each term over the batches since this was last asked."""
        means = {name: total / max(self.term_count, 1) for name, total in self.term_sums.items()}
        self.term_sums.clear()
        self.term_count = 0
        return means


class LogTerms(TrainerCallback):
    """A line of JSON for every fiftieth update and the last: update, learning rate, each term's mean since."""

    def __init__(self, path: Path, every: int, advance: Callable[[int], None]) -> None:
        self.path, self.every, self.advance = path, every, advance
        self.trainer: DistillationTrainer | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """A resumed run keeps the lines up to the update it resumes from."""
        kept = []
        if self.path.exists():
            kept = [
                line for line in self.path.read_text().splitlines() if json.loads(line)["update"] <= state.global_step
            ]
        self.path.write_text("".join(line + "\n" for line in kept))
        self.advance(state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self.advance(1)
        if self.trainer and (state.global_step % self.every == 0 or state.global_step == state.max_steps):
            line = {
                "update": state.global_step,
                **{k: round(v, 6) for k, v in self.trainer.means_since_last().items()},
            }
            with self.path.open("a") as file:
                file.write(json.dumps(line) + "\n")
        if state.global_step >= state.max_steps:
            control.should_save = False  # the student itself is written next


def train(
    distiller: Distiller,
    pair: Pair,
    schedule: Schedule,
    data: TrainingRows,
    work: Path,
    device: str,
    pad_token_id: int,
    advance: Callable[[int], None],
) -> None:
    """Train the student in place; `work` holds what a killed run needs to go on. torch's global state is as before.

    Raises `NonFiniteError` when the loss stops being a number.
    """
    log = LogTerms(work / "training_log.jsonl", 50, advance)
    with _own_randomness(schedule.seed):
        for model in (pair.student, pair.teacher):
            if model is not None:
                prepare(model, distiller.watch)
        if pair.teacher is not None:
            pair.teacher.eval().requires_grad_(False).to(device)
        trainer = DistillationTrainer(
            distiller,
            pair,
            schedule,
            data,
            args=_arguments(schedule, len(data), work, device),
            data_collator=lambda rows: collate(rows, pad_token_id, distiller.card.kind == "regression"),
            callbacks=[log],
        )
        log.trainer = trainer
        trainer.remove_callback(PrinterCallback)
        trainer.train(resume_from_checkpoint=last_checkpoint(work))
    pair.student.eval().to("cpu")


def last_checkpoint(work: Path) -> str | None:
    """The newest whole checkpoint of an interrupted run."""
    found = sorted(work.glob("checkpoint-*"), key=lambda path: int(path.name.rsplit("-", 1)[1]))
    whole = [path for path in found if (path / "trainer_state.json").is_file() and (path / "rng_state.pth").is_file()]
    return str(whole[-1]) if whole else None


def _arguments(schedule: Schedule, rows: int, work: Path, device: str) -> TrainingArguments:
    arguments = TrainingArguments(
        output_dir=str(work),
        per_device_train_batch_size=schedule.batch_size,
        num_train_epochs=schedule.epochs,
        learning_rate=schedule.learning_rate,
        weight_decay=schedule.weight_decay,
        warmup_steps=schedule.warmup_steps,
        lr_scheduler_type="linear",
        max_grad_norm=schedule.clip,
        seed=schedule.seed,
        data_seed=schedule.seed,
        bf16=schedule.bfloat16,
        use_cpu=device == "cpu",
        save_strategy="steps",
        save_steps=max(200, schedule.updates(rows) // 8),
        save_total_limit=1,
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        label_names=[LABELS],
        dataloader_pin_memory=False,
    )
    # Several GPUs in one process would mean nn.DataParallel, under which a batch is not one batch any more.
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments


@contextmanager
def _own_randomness(seed: int) -> Iterator[None]:
    """The trainer seeds python, numpy and torch globally; give all three back as they were."""
    python, arrays = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        with seeded(seed):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(arrays)  # noqa: NPY002
