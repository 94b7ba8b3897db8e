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

from xkd_bench.distillers.contract import Distiller
from xkd_bench.distillers.lesson import LABELS, POSITION, TEACHER_PREFIX, Lesson, Moment, Pair
from xkd_bench.distillers.processes import process_count
from xkd_bench.distillers.sampling import LengthGroups
from xkd_bench.errors import BadInputError, NonFiniteError
from xkd_bench.models.encoding import Row, stack_images
from xkd_bench.models.loading import attention_of_any_shape, seeded
from xkd_bench.models.trace import prepare

LOG_EVERY = 50


@dataclass(frozen=True)
class Schedule:
    """The house protocol: AdamW(β .9/.999, ε 1e-8, no decay of biases and norms), linear decay, clip 1, last step.

    The learning rate falls from `learning_rate` to 0 after `warmup` (a share of the updates) of rising, in every stage
    of a method anew; batches hold rows of like length (`sampling.LengthGroups`).
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.01
    warmup: float = 0.0
    clip: float = 1.0
    bfloat16: bool = False
    seed: int = 0

    def updates(self, rows: int) -> int:
        return self.epochs * -(-rows // self.batch_size)


@dataclass(frozen=True)
class TrainingRows:
    """Encoded rows with their labels and lengths; teacher_logits (n, C) where the method only needs those, teacher_rows
    where the teacher reads other tokens than the student."""

    rows: Sequence[Row]
    labels: np.ndarray[Any, Any]
    lengths: Sequence[int]
    teacher_logits: torch.Tensor | None
    teacher_rows: Sequence[Row] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, position: int) -> dict[str, Any]:
        theirs = self.teacher_rows[position] if self.teacher_rows is not None else {}
        return {
            **self.rows[position],
            **{TEACHER_PREFIX + name: value for name, value in theirs.items()},
            LABELS: self.labels[position],
            POSITION: position,
        }


def collate(
    rows: Sequence[dict[str, Any]], pad_token_id: int, regression: bool, teacher_pad_token_id: int = 0
) -> dict[str, torch.Tensor]:
    """Pad token rows to the longest of the batch (mask and segments with 0), stack images."""
    batch: dict[str, torch.Tensor] = {
        LABELS: torch.tensor([row[LABELS] for row in rows], dtype=torch.float32 if regression else torch.long),
        POSITION: torch.tensor([row[POSITION] for row in rows]),
    }
    fills = {"input_ids": pad_token_id, TEACHER_PREFIX + "input_ids": teacher_pad_token_id}
    for name in rows[0]:
        if name in batch:
            continue
        values = [row[name] for row in rows]
        if isinstance(values[0], torch.Tensor):
            batch[name] = stack_images(values)
            continue
        longest, fill = max(len(value) for value in values), fills.get(name, 0)
        batch[name] = torch.tensor([list(value) + [fill] * (longest - len(value)) for value in values])
    return batch


class DistillationTrainer(Trainer):
    """The library's trainer over a `Lesson`, with a learning rate and an optimiser state of its own for each stage."""

    def __init__(self, lesson: Lesson, schedule: Schedule, data: TrainingRows, **options: Any) -> None:
        self.lesson, self.schedule, self.data = lesson, schedule, data
        self.term_sums: dict[str, float] = defaultdict(float)
        self.term_counts: dict[str, int] = defaultdict(int)
        super().__init__(model=lesson, train_dataset=data, **options)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        moment = Moment(
            self.state.global_step, float(self.state.epoch or 0.0), self.schedule.epochs, self.args.process_index
        )
        terms, observed = model(inputs, moment)
        loss = torch.stack(list(terms.values())).sum()
        if not torch.isfinite(loss):
            raise NonFiniteError(
                where=f"update {self.state.global_step + 1}",
                expected="a finite loss",
                found=", ".join(f"{name} = {float(term.detach()):g}" for name, term in terms.items()),
                fix="lower --learning-rate, or train in float32",
            )
        for name, term in {**terms, **observed, "loss": loss}.items():
            self.term_sums[name] += float(term.detach())
            self.term_counts[name] += 1
        return (loss, {}) if return_outputs else loss

    def create_scheduler(
        self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None
    ) -> torch.optim.lr_scheduler.LRScheduler:
        """In each stage: up over its warm-up, then linearly down to 0, or level where the stage says so."""
        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, self._rate)
        self._created_lr_scheduler = True
        return self.lr_scheduler

    def _rate(self, update: int) -> float:
        index = self.lesson.stage_index(update)
        start = int(self.lesson.stage_ends[index - 1]) if index else 0
        length, done = int(self.lesson.stage_ends[index]) - start, update - start
        warmup = round(self.schedule.warmup * length)
        if done < warmup:
            return done / max(1, warmup)
        if not self.lesson.stage(update).decay:
            return 1.0
        return max(0.0, (length - done) / max(1, length - warmup))

    def _get_train_sampler(self, train_dataset: Any = None) -> LengthGroups:
        return LengthGroups(self.data.lengths, self.schedule.batch_size, self.schedule.seed)

    def means_since_last(self) -> dict[str, float]:
        """Mean of each term over the batches since this was last asked, over all processes."""
        means = {name: total / self.term_counts[name] for name, total in self.term_sums.items()}
        if self.args.world_size > 1:
            values = torch.tensor(list(means.values()), device=self.args.device)
            means = dict(zip(means, self.accelerator.reduce(values, "mean").tolist(), strict=True))
        self.term_sums.clear()
        self.term_counts.clear()
        return means


class Stages(TrainerCallback):
    """A fresh optimiser at the start of each stage, a line of JSON for every fiftieth update and the last, and the end
    of stages that are done early."""

    def __init__(self, path: Path, advance: Callable[[int], None]) -> None:
        self.path, self.advance = path, advance
        self.trainer: DistillationTrainer | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """A resumed run keeps the lines up to the update it resumes from."""
        kept = []
        if self.path.exists():
            kept = [
                line for line in self.path.read_text().splitlines() if json.loads(line)["update"] <= state.global_step
            ]
        if args.process_index == 0:
            self.path.write_text("".join(line + "\n" for line in kept))
        self.advance(state.global_step)

    def on_step_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        assert self.trainer is not None
        if state.global_step and state.global_step in self.trainer.lesson.stage_ends.tolist():
            self.trainer.optimizer.state.clear()

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        assert self.trainer is not None
        self.advance(1)
        lesson, update = self.trainer.lesson, state.global_step
        if update % LOG_EVERY == 0 or update == state.max_steps or update in lesson.stage_ends.tolist():
            means = self.trainer.means_since_last()
            stage = lesson.stage_index(update - 1)
            line: dict[str, Any] = {"update": update}
            if len(lesson.stage_ends) > 1:
                line["stage"] = lesson.stage(update - 1).name
            line |= {name: round(value, 6) for name, value in means.items()}
            if args.process_index == 0:
                with self.path.open("a") as file:
                    file.write(json.dumps(line) + "\n")
            early = stage + 1 < len(lesson.stage_ends) and update < int(lesson.stage_ends[stage])
            if early and lesson.distiller.finished(lesson.stage(update - 1), means):
                lesson.end_stage(stage, update)
        if update >= state.max_steps:
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
    stages = Stages(work / "training_log.jsonl", advance)
    with _own_randomness(schedule.seed):
        for model in (pair.student, pair.teacher):
            if model is not None:
                prepare(model, distiller.watch, written_out=schedule.bfloat16 and device == "cpu")
        updates = schedule.updates(len(data))
        lesson = Lesson(distiller, pair, updates, schedule.seed, schedule.bfloat16, data.teacher_logits)
        teacher_pad = int(getattr(getattr(pair.teacher, "config", None), "pad_token_id", None) or 0)
        regression = distiller.card.kind == "regression"
        trainer = DistillationTrainer(
            lesson,
            schedule,
            data,
            args=_arguments(schedule, len(data), work, device),
            data_collator=lambda rows: collate(rows, pad_token_id, regression, teacher_pad),
            callbacks=[stages],
        )
        if pair.teacher is not None:
            pair.teacher.eval().requires_grad_(False).to(trainer.args.device)
        stages.trainer = trainer
        trainer.remove_callback(PrinterCallback)
        with attention_of_any_shape(device):
            trainer.train(resume_from_checkpoint=last_checkpoint(work))
    pair.student.eval().to("cpu")


def last_checkpoint(work: Path) -> str | None:
    """The newest whole checkpoint of an interrupted run."""
    found = sorted(work.glob("checkpoint-*"), key=lambda path: int(path.name.rsplit("-", 1)[1]))
    whole = [path for path in found if (path / "trainer_state.json").is_file() and list(path.glob("rng_state*.pth"))]
    return str(whole[-1]) if whole else None


def _arguments(schedule: Schedule, rows: int, work: Path, device: str) -> TrainingArguments:
    processes = process_count()
    if schedule.batch_size % processes:
        raise BadInputError(
            where="torchrun",
            expected=f"a number of processes that divides the batch of {schedule.batch_size}",
            found=f"{processes}",
            fix="change --nproc-per-node or --batch-size",
        )
    arguments = TrainingArguments(
        output_dir=str(work),
        per_device_train_batch_size=schedule.batch_size // processes,
        num_train_epochs=schedule.epochs,
        learning_rate=schedule.learning_rate,
        weight_decay=schedule.weight_decay,
        max_grad_norm=schedule.clip,
        seed=schedule.seed,
        data_seed=schedule.seed,
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
        # A method may leave parameters without a gradient, such as blocks above the one it matches.
        ddp_find_unused_parameters=True if processes > 1 else None,
        ddp_backend="gloo" if processes > 1 and device == "cpu" else None,
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
