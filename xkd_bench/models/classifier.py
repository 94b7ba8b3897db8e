"""One batched classifier for text, pairs and images: what every probe asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch

from xkd_bench.errors import BadInputError
from xkd_bench.metrics.contract import FloatArray
from xkd_bench.models.batching import ROW_MULTIPLE, Batch, plan_batches
from xkd_bench.models.checkpoint import Checkpoint, reason
from xkd_bench.models.encoding import Encoder, Row, make_encoder, stack, unfitting_sizes
from xkd_bench.models.fit import LabelOrder
from xkd_bench.models.loading import Dtype, attention_of_any_shape, load_model, random_model
from xkd_bench.tasks.card import TaskCard
from xkd_bench.tasks.examples import Input

DeviceKind = Literal["cpu", "cuda"]
TOKEN_BUDGETS = {"cpu": 2048, "cuda": 65536}
LARGEST_LOTS = {"cpu": 64, "cuda": 1024}


@dataclass(frozen=True)
class Runtime:
    """Where and how models run. Only device and dtype can change a number; the token budget changes the speed."""

    device: DeviceKind = "cpu"
    dtype: Dtype = "float32"
    token_budget: int | None = None

    @property
    def tokens(self) -> int:
        return self.token_budget or TOKEN_BUDGETS[self.device]


def make_runtime(device: str = "auto", dtype: str = "float32", token_budget: int | None = None) -> Runtime:
    """Check the options and pick the device; `auto` takes CUDA where there is one."""
    if device not in ("auto", "cpu", "cuda"):
        raise BadInputError(where="--device", expected="auto, cpu or cuda", found=repr(device), fix="choose one")
    if dtype not in ("float32", "bfloat16"):
        raise BadInputError(where="--dtype", expected="float32 or bfloat16", found=repr(dtype), fix="choose one")
    if device == "cuda" and not torch.cuda.is_available():
        raise BadInputError(
            where="--device", expected="a CUDA GPU", found="none that torch can see", fix="use --device cpu"
        )
    kind: DeviceKind = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    return Runtime(kind, "bfloat16" if dtype == "bfloat16" else "float32", token_budget)


class Classifier:
    """A checkpoint that answers a task: inputs → logits (n, C) in the task's canonical class order.

    The logits of an example do not depend, to the bit, on what else is asked, in which order or with what token budget
    (`models.batching`). `forwards` counts the examples that went through the model.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        card: TaskCard,
        order: LabelOrder,
        runtime: Runtime,
        random_seed: int | None = None,
    ) -> None:
        self.checkpoint, self.card, self.runtime = checkpoint, card, runtime
        if random_seed is None:
            model = load_model(checkpoint, card, runtime.dtype)
        else:
            model = random_model(checkpoint, card, random_seed, runtime.dtype)
        self.model: Any = model.to(runtime.device).requires_grad_(False)
        self.encoder: Encoder = make_encoder(checkpoint, card, self.model)
        self.forwards = 0
        self.columns = list(order.columns)  # which output of the model answers for each class of the task
        self._tokens = runtime.tokens

    def logits(self, inputs: Sequence[Input], advance: Callable[[int], None] = lambda count: None) -> FloatArray:
        """Logits (n, C) as float64, in the order of `inputs`. `advance` hears how many examples were just done."""
        rows = self.encoder.encode(inputs)
        return np.asarray(self.in_batches(rows, self._forward, advance)).reshape(len(rows), len(self.columns))

    def in_batches(
        self,
        rows: Sequence[Row],
        compute: Callable[[dict[str, torch.Tensor], int], Iterable[Any]],
        advance: Callable[[int], None] = lambda count: None,
        forwards_a_row: int = 1,
    ) -> list[Any]:
        """What `compute` finds for each of `rows`, in their order; the rows of a batch have one length.

        compute: (tensors on the device with a batch axis, how many of their first rows count) → one result for each of
        these. A batch that does not fit into memory is halved and tried again, so `compute` must leave nothing behind.
        forwards_a_row: examples that go through the model for one row.
        """
        found: list[Any] = [None] * len(rows)
        lengths = [self.encoder.length(row) for row in rows]
        waiting = self._plan(lengths, range(len(rows)))
        while waiting:
            batch = waiting.pop(0)
            chosen = [rows[i] for i in batch.rows]
            try:
                tensors = stack(chosen + [chosen[-1]] * batch.fill)
                on_device = {name: self._placed(value) for name, value in tensors.items()}
                with attention_of_any_shape(self.runtime.device):
                    results = compute(on_device, len(chosen))
            except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
                if not _out_of_memory(error):
                    raise
                left = [i for lot in (batch, *waiting) for i in lot.rows]
                waiting = self._smaller(lengths, left, batch)
                continue
            for position, result in zip(batch.rows, results, strict=True):
                found[position] = result
            self.forwards += len(chosen) * forwards_a_row
            advance(len(chosen))
        return found

    def _placed(self, value: torch.Tensor) -> torch.Tensor:
        """On the device, and pixel values in the weights' precision."""
        return value.to(self.runtime.device, self.model.dtype if value.is_floating_point() else None)

    def _plan(self, lengths: Sequence[int], positions: Sequence[int]) -> list[Batch]:
        planned = plan_batches([lengths[i] for i in positions], self._tokens, LARGEST_LOTS[self.runtime.device])
        return [Batch(tuple(positions[i] for i in lot.rows), lot.length, lot.fill) for lot in planned]

    def _smaller(self, lengths: Sequence[int], left: Sequence[int], failed: Batch) -> list[Batch]:
        """Plan what is left with half the tokens a batch, for this and all later calls."""
        if len(failed.rows) + failed.fill <= ROW_MULTIPLE:
            raise BadInputError(
                where=self.checkpoint.location,
                expected=f"memory for {ROW_MULTIPLE} rows of {failed.length} tokens",
                found=f"out of memory on {self.runtime.device}",
                fix="use a larger device, --dtype bfloat16, or a task file with a smaller max_length",
            )
        if self.runtime.device == "cuda":
            torch.cuda.empty_cache()
        self._tokens = max(1, (len(failed.rows) + failed.fill) * failed.length // 2)
        return self._plan(lengths, left)

    @torch.inference_mode()
    def _forward(self, tensors: dict[str, torch.Tensor], count: int) -> FloatArray:
        with fitting_images(self.checkpoint.location, self.checkpoint.config.get("image_size"), tensors):
            columns = self.model(**tensors).logits[:count, self.columns]
        return np.asarray(columns.to(torch.float64).cpu().numpy())


def _out_of_memory(error: BaseException) -> bool:
    """torch's own error on CUDA; on the CPU a plain RuntimeError whose text says so."""
    text = str(error).lower()
    return (
        isinstance(error, torch.OutOfMemoryError | MemoryError)
        or "can't allocate memory" in text
        or "out of memory" in text
    )


@contextmanager
def fitting_images(where: str, image_size: Any, tensors: Mapping[str, torch.Tensor]) -> Iterator[None]:
    """A model's own error about images of another size than its config's `image_size` becomes a `BadInputError`.

    Only then: many models take any size.
    """
    try:
        yield
    except (ValueError, RuntimeError) as error:
        sizes = unfitting_sizes(image_size, tensors)
        if sizes is None or _out_of_memory(error):
            raise
        raise BadInputError(
            where=where,
            expected=f"images of {sizes[0]} pixels after its image processor",
            found=f"{sizes[1]} pixels ({reason(error)})",
            fix="let the image processor resize (do_resize and size in preprocessor_config.json)",
        ) from error


class LazyClassifier:
    """A classifier that loads its weights when it is first asked: what the store holds costs no load and no forward.

    random_seed: not the checkpoint's weights, but its config and tokenizer with all weights drawn anew from this seed.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        card: TaskCard,
        order: LabelOrder,
        runtime: Runtime,
        random_seed: int | None = None,
    ) -> None:
        self.checkpoint, self.card, self.order, self.runtime = checkpoint, card, order, runtime
        self.random_seed = random_seed
        self._loaded: Classifier | None = None

    @property
    def identity(self) -> str:
        """What stands for the model in a store's key."""
        return self.checkpoint.hash if self.random_seed is None else f"{self.checkpoint.hash} drawn {self.random_seed}"

    @property
    def loaded(self) -> bool:
        return self._loaded is not None

    @property
    def forwards(self) -> int:
        return self._loaded.forwards if self._loaded else 0

    def get(self) -> Classifier:
        if self._loaded is None:
            self._loaded = Classifier(self.checkpoint, self.card, self.order, self.runtime, self.random_seed)
        return self._loaded


def time_side_by_side(classifiers: Sequence[Classifier], inputs: Sequence[Input], rounds: int) -> list[float]:
    """Examples a second of each classifier on the same inputs: one warm-up, then `rounds` in turn A B A B; medians."""
    seconds: list[list[float]] = [[] for _ in classifiers]
    for turn in range(rounds + 1):
        for place, classifier in enumerate(classifiers):
            start = time.perf_counter()
            classifier.logits(inputs)
            if classifier.runtime.device == "cuda":
                torch.cuda.synchronize()
            if turn:
                seconds[place].append(time.perf_counter() - start)
    return [len(inputs) / float(np.median(times)) for times in seconds]
