"""Step time and peak memory of every method beside `vanilla_kd` with a teacher forward in the step.

    python tests/benchmarks/distillers.py --task sst2 --teacher T --student T --layers 1,3,5 [--bfloat16] [--steps 12]

Times: one process, all methods in turn A B C A B C …, medians of the ratios to the `vanilla_kd` of the same round.
Memory: a process for each method, the highest resident set of two steps above that before them (Linux; on a GPU the
highest allocation). The last line is what `distill vanilla_kd` costs: it computes the teacher's logits once.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xkd_bench.distillers import registry
from xkd_bench.distillers.contract import Distiller
from xkd_bench.distillers.lesson import Lesson, Moment, make_pair, make_pairing
from xkd_bench.distillers.student import make_start, read_layers
from xkd_bench.distillers.training import TrainingRows, collate
from xkd_bench.distillers.vanilla_kd import VanillaKD
from xkd_bench.errors import BadInputError
from xkd_bench.models.checkpoint import open_checkpoint
from xkd_bench.models.encoding import EncodedRows
from xkd_bench.models.trace import prepare
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.registry import find_task

UNIT, CACHED = "vanilla_kd", "vanilla_kd, logits looked up"
GOALS = {
    "ad_kd": 2.5, "attrit": 1.3, "aligned_distil": 2.0, "attn_first": 1.1, "attn_last": 1.1, "ckd": 1.8, "mgskd": 1.8,
}  # fmt: skip


class WithTeacherForward(VanillaKD):
    """The unit: logit distillation as it is usually run."""

    teacher = "trace"


@dataclass
class Runner:
    """One method about to train: a step is forward, backward and an update."""

    lesson: Lesson
    batch: dict[str, Any]
    optimiser: torch.optim.Optimizer
    done: int = 0

    def step(self) -> None:
        terms, _ = self.lesson(self.batch, Moment(self.done % 2, 0.0, 3))
        torch.stack(list(terms.values())).sum().backward()
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.done += 1
        if torch.cuda.is_available() and self.batch["position"].is_cuda:
            torch.cuda.synchronize()


def make_runner(name: str, options: argparse.Namespace) -> Runner:
    task = find_task(options.task)
    layers = read_layers(options.layers)
    teacher = make_start(open_checkpoint(options.teacher), task.card, None, 0)
    student = make_start(open_checkpoint(options.student), task.card, layers, 0)
    kinds: Mapping[str, type[Distiller]] = {UNIT: WithTeacherForward, CACHED: VanillaKD}
    method = kinds.get(name) or registry.load(name)
    distiller = method(task.card, {}, make_pairing(student, teacher))
    for model in (student.model, teacher.model):
        prepare(model, distiller.watch)
    teacher.model.eval().requires_grad_(False)
    student.model.train()
    examples = load(task, "train", options.data_root).take(list(range(options.rows)))
    encoded = EncodedRows(student.encoder, examples.inputs)
    rows = TrainingRows(encoded, np.asarray(examples.labels), encoded.lengths, None)
    pad = int(getattr(student.model.config, "pad_token_id", None) or 0)
    batch = collate([rows[i] for i in range(len(rows))], pad, task.card.kind == "regression")
    device = torch.device(options.device)
    teacher.model.to(device)
    looked_up = torch.zeros(len(rows), task.card.classes)
    lesson = Lesson(distiller, make_pair(student, teacher), 2, 0, options.bfloat16, looked_up).to(device)
    on_device = {key: value.to(device) for key, value in batch.items()}
    return Runner(lesson, on_device, torch.optim.AdamW(lesson.parameters(), lr=1e-5))


def times(names: Sequence[str], options: argparse.Namespace) -> dict[str, tuple[float, float]]:
    """Median milliseconds of a step, and its median ratio to the unit's of the same round."""
    runners = {name: make_runner(name, options) for name in names}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(options.steps + 1):
        for name, runner in runners.items():
            start = time.perf_counter()
            runner.step()
            runner.step()  # methods of two stages spend one step in each
            if turn:
                seconds[name].append((time.perf_counter() - start) / 2)
    unit = np.asarray(seconds[UNIT])
    return {name: (1e3 * float(np.median(s)), float(np.median(np.asarray(s) / unit))) for name, s in seconds.items()}


def own_memory(name: str, options: argparse.Namespace) -> float:
    """MB that two steps took at most, in this process."""
    runner = make_runner(name, options)
    if options.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        runner.step()
        runner.step()
        return (torch.cuda.max_memory_allocated() - before) / 1e6
    Path("/proc/self/clear_refs").write_text("5")  # loading took more: the highest resident set starts again here
    before = resident("VmRSS")
    runner.step()
    runner.step()
    return (resident("VmHWM") - before) / 1e6


def resident(line: str) -> int:
    """Bytes this process has in memory now (`VmRSS`) or had at most (`VmHWM`); Linux only."""
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(one.split()[1]) * 1024 for one in status if one.startswith(line))


def memory(name: str, arguments: Sequence[str]) -> float:
    command = [sys.executable, __file__, *arguments, "--memory-of", name]
    return float(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def fitting(options: argparse.Namespace) -> list[str]:
    """Methods that take this pair of models, the unit first and its cheaper form last."""
    found = [UNIT]
    for name in registry.cards():
        if name in (UNIT, "finetune"):
            continue
        try:
            make_runner(name, options)
        except BadInputError as error:
            print(f"{name}: left out ({error.found})", file=sys.stderr)
            continue
        found.append(name)
    return [*found, "finetune", CACHED]


def report(measured: Mapping[str, tuple[float, float]], peaks: Mapping[str, float]) -> str:
    lines = [f"{'method':<32}{'ms a step':>10}{'time':>8}{'goal':>7}{'MB':>8}{'memory':>8}"]
    for name, (milliseconds, ratio) in measured.items():
        goal = f"{GOALS[name]:.1f}" if name in GOALS else "–"
        peak = peaks[name]
        share = f"{peak / peaks[UNIT]:.2f}" if peaks[UNIT] else "–"
        lines.append(f"{name:<32}{milliseconds:>10.0f}{ratio:>8.2f}{goal:>7}{peak:>8.0f}{share:>8}")
    return "\n".join(lines)


def read(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="demo/grammar")
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--student", required=True)
    parser.add_argument("--layers")
    parser.add_argument("--data-root", type=Path)
    parser.add_argument("--rows", type=int, default=32)
    parser.add_argument("--steps", type=int, default=12, help="rounds of two steps each")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--bfloat16", action="store_true")
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    options = read(arguments)
    if options.memory_of:
        print(json.dumps(own_memory(options.memory_of, options)))
        return
    names = fitting(options)
    print(report(times(names, options), {name: memory(name, arguments) for name in names}))


if __name__ == "__main__":
    main(sys.argv[1:])
