"""One table of maskings against lime, shap and occlusion one text at a time: seconds on the same examples, in turn.

    python tests/benchmarks/explainers.py --model FOLDER --task cola --data-root DIR --examples 200

The libraries are timed twice. "Asked the same": words deleted as ours are, Shapley values, the same log-odds, so that
they should agree with ours (last column). "As they come": lime's own fill, shap's text masker and its tree of words.
Ours is timed twice as well: with up to 1,024 maskings a text, about what the libraries ask together, and with 500, what
each of them asks for itself.
Seconds are those of this process's CPU time, which other jobs disturb least, and on a GPU those of the clock.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xkd_bench.explainers import lime_attributions, masked_texts, occlusion_effects, shapley_values
from xkd_bench.explainers.coalitions import BoolArray, FloatArray
from xkd_bench.metrics.alignment.vectors import correlation
from xkd_bench.models.checkpoint import open_checkpoint
from xkd_bench.models.classifier import LazyClassifier, Runtime, make_runtime
from xkd_bench.models.fit import check_fit
from xkd_bench.probes.coalitions import CoalitionSettings, coalitions, log_odds
from xkd_bench.randomness import hash_order
from xkd_bench.records.store import Store
from xkd_bench.tasks.examples import Examples, TextInput
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.registry import Task, find_task
from xkd_bench.tasks.words import units_of

SETTINGS = CoalitionSettings(suite_seed=2026, all_up_to=1024, sample=1024)
EVALUATIONS = 500  # of lime and of shap, for each text
EQUAL = replace(SETTINGS, all_up_to=EVALUATIONS, sample=EVALUATIONS)
TABLE_EXPLAINERS = {"lime": lime_attributions, "shap": shapley_values, "occlusion": occlusion_effects}
BATCH = 64
CHUNKS = {"cpu": 10, "cuda": 50}  # examples before the other side's turn, so that what else the machine does hits both

Scalar = Callable[[Sequence[str]], FloatArray]  # texts → the explained scalar of each
Scores = dict[str, list[FloatArray]]  # name of a method → attributions of each example


@dataclass
class Spent:
    """seconds: of a part. in_model: those of them inside the model's forward. questions: maskings that were asked."""

    seconds: float = 0.0
    in_model: float = 0.0
    questions: int = 0

    def __add__(self, other: Spent) -> Spent:
        questions = self.questions + other.questions
        return Spent(self.seconds + other.seconds, self.in_model + other.in_model, questions)


class Clock:
    """What each part took, by name, as told by `now`; `watch` tells it of a model whose forwards are timed."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self.now = now
        self.parts: defaultdict[str, Spent] = defaultdict(Spent)
        self._current, self._entered = Spent(), 0.0

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        self._current, start = self.parts[name], self.now()
        yield
        self._current.seconds += self.now() - start

    def asked(self, questions: int) -> None:
        self._current.questions += questions

    def watch(self, model: torch.nn.Module) -> None:
        def enter(*arguments: Any) -> None:
            self._entered = self.now()

        def leave(module: torch.nn.Module, *arguments: Any) -> None:
            if next(module.parameters()).is_cuda:
                torch.cuda.synchronize()
            self._current.in_model += self.now() - self._entered

        model.register_forward_pre_hook(enter)
        model.register_forward_hook(leave)


class PlainModel:
    """The same weights as a user hands them to a library: texts → logits (n, C), in padded batches of 64."""

    def __init__(self, classifier: LazyClassifier, clock: Clock) -> None:
        self._classifier, self._clock = classifier.get(), clock

    @torch.inference_mode()
    def __call__(self, texts: Sequence[str]) -> FloatArray:
        self._clock.asked(len(texts))
        tokenizer, window = self._classifier.encoder.tokenizer, self._classifier.encoder.max_length
        logits = []
        for start in range(0, len(texts), BATCH):
            batch = [str(text) for text in texts[start : start + BATCH]]
            tensors = tokenizer(batch, padding=True, truncation=True, max_length=window, return_tensors="pt")
            answers = self._classifier.model(**tensors.to(self._classifier.runtime.device)).logits
            logits.append(answers[:, self._classifier.columns].double().cpu().numpy())
        return np.concatenate(logits)


def open_classifier(folder: str, task: Task, runtime: Runtime) -> LazyClassifier:
    checkpoint = open_checkpoint(folder)
    return LazyClassifier(checkpoint, task.card, check_fit(checkpoint, task.card, "model"), runtime)


def choose(examples: Examples, count: int) -> Examples:
    """`count` examples by a hash of their ids."""
    return examples.take(hash_order(examples.example_ids, "benchmark of the explainers")[:count])


def ours(
    classifier: LazyClassifier,
    examples: Examples,
    targets: Sequence[int],
    clock: Clock,
    name: str,
    settings: CoalitionSettings = SETTINGS,
) -> Scores:
    """The table of `examples` from an empty store, and the explainers that read it."""
    with clock.part(name), tempfile.TemporaryDirectory() as folder:
        table = coalitions(classifier, examples, settings, Store(Path(folder)), name)
        clock.asked(sum(len(row.logits) for row in table))
    with clock.part(f"{name}, read"):
        values = [log_odds(row.logits, target) for row, target in zip(table, targets, strict=True)]
        plans = [row.planned.coalitions for row in table]
        return {
            method: [explain(p.masks, v, p.enumerated) for p, v in zip(plans, values, strict=True)]
            for method, explain in TABLE_EXPLAINERS.items()
        }


def libraries(
    model: PlainModel, examples: Examples, targets: Sequence[int], clock: Clock, same_only: bool = False
) -> Scores:
    """Every text by itself, as a loop over a library's own call."""
    found: Scores = defaultdict(list)
    for row, target in zip(examples.inputs, targets, strict=True):
        assert isinstance(row, TextInput)
        for name, explain in LIBRARIES.items():
            if same_only and name.endswith(AS_THEY_COME):
                continue
            with clock.part(name):
                found[name].append(explain(lambda texts: log_odds(model(texts), target), row))  # noqa: B023
    return found


def lime_library(scalar: Scalar, row: TextInput, fill: str | None) -> FloatArray:
    """LimeTextExplainer on the canonical words, no selection of features; fill None is its own, UNKWORDZ."""
    from lime.lime_text import LimeTextExplainer

    words = [unit.text for unit in units_of(row)]
    explainer = LimeTextExplainer(
        bow=False, mask_string=fill, feature_selection="none", split_expression=lambda text: words, random_state=0
    )
    explanation = explainer.explain_instance(
        row.text, lambda texts: scalar(texts)[:, None], (0,), num_features=len(words), num_samples=EVALUATIONS
    )
    return np.array([weight for _, weight in sorted(explanation.local_exp[0])])


def shap_library(scalar: Scalar, row: TextInput) -> FloatArray:
    """Shapley values of the words, deleted: exact where 2ⁿ ≤ 500, else shap's sampled permutations."""
    import shap

    units = units_of(row)

    class Words(shap.maskers.Masker):
        immutable_outputs = True

        def shape(self, text: str) -> tuple[int, int]:
            return 1, len(units)

        def mask_shapes(self, text: str) -> list[tuple[int]]:
            return [(len(units),)]

        def feature_names(self, text: str) -> list[list[str]]:
            return [[unit.text for unit in units]]

        def __call__(self, mask: BoolArray, text: str) -> tuple[np.ndarray]:
            return (np.array([masked_texts(row, units, mask[None, :])[0].text]),)

    algorithm = "exact" if 2 ** len(units) <= EVALUATIONS else "permutation"
    explainer = shap.Explainer(scalar, Words(), algorithm=algorithm, seed=0)
    return explainer([row.text], max_evals=EVALUATIONS, batch_size=BATCH, silent=True).values[0]


def shap_text_library(scalar: Scalar, row: TextInput) -> FloatArray:
    """What shap chooses for texts: its partition tree (Owen values) and text masker, here over the canonical words."""
    import shap

    def words(text: str, return_offsets_mapping: bool = True) -> dict[str, list[Any]]:
        spans = [(unit.start, unit.end) for unit in units_of(TextInput(text))]
        return {"input_ids": list(range(len(spans))), "offset_mapping": spans}

    explainer = shap.Explainer(scalar, shap.maskers.Text(words), algorithm="partition")
    return explainer([row.text], max_evals=EVALUATIONS, batch_size=BATCH, silent=True).values[0]


def occlusion_loop(scalar: Scalar, row: TextInput) -> FloatArray:
    units = units_of(row)
    masks = np.concatenate([np.ones((1, len(units)), dtype=np.bool_), ~np.eye(len(units), dtype=np.bool_)])
    values = scalar([text.text for text in masked_texts(row, units, masks)])
    return values[0] - values[1:]


AS_THEY_COME = " as it comes"
LIBRARIES: dict[str, Callable[[Scalar, TextInput], FloatArray]] = {
    "lime": lambda scalar, row: lime_library(scalar, row, fill=""),
    "shap": shap_library,
    "occlusion": occlusion_loop,
    "lime as it comes": lambda scalar, row: lime_library(scalar, row, fill=None),
    "shap as it comes": shap_text_library,
}


@dataclass(frozen=True)
class Measured:
    """clock: of all rounds. scores: side → method → attributions. distinct: share of the maskings that ran."""

    clock: Clock
    scores: dict[str, Scores]
    distinct: float


def measure(
    classifiers: dict[str, LazyClassifier],
    examples: Examples,
    rounds: int,
    clock: Clock | None = None,
    same_only: bool = False,
    chunk: int = CHUNKS["cpu"],
) -> Measured:
    """Time both sides chunk by chunk, each first in turn. classifiers: `ours` in float32, maybe `bfloat16` beside."""
    clock = clock or Clock()
    plain = PlainModel(classifiers["ours"], clock)
    targets = [int(row.argmax()) for row in classifiers["ours"].get().logits(examples.inputs)]
    forwards = classifiers["ours"].forwards
    sides: dict[str, Callable[[Examples, Sequence[int]], Scores]] = {
        "libraries": lambda some, wanted: libraries(plain, some, wanted, clock, same_only),
        "equal": lambda some, wanted: ours(classifiers["ours"], some, wanted, clock, "equal", EQUAL),
    }
    for name, classifier in classifiers.items():
        sides[name] = lambda some, wanted, c=classifier, n=name: ours(c, some, wanted, clock, n)  # type: ignore[misc]
    scores: dict[str, Scores] = {name: defaultdict(list) for name in sides}
    turns = [(turn, start) for turn in range(rounds) for start in range(0, len(examples), chunk)]
    for count, (turn, start) in enumerate(turns):
        positions = range(start, min(start + chunk, len(examples)))
        for name in sorted(sides, reverse=count % 2 == 1):
            found = sides[name](examples.take(positions), targets[start : positions.stop])
            if turn == 0:
                for method, rows in found.items():
                    scores[name][method] += rows
    ran = classifiers["ours"].forwards - forwards
    asked = clock.parts["ours"].questions + clock.parts["equal"].questions
    return Measured(clock, scores, ran / asked)


def agreement(one: Sequence[FloatArray], other: Sequence[FloatArray]) -> float:
    """Mean centred cosine over the examples where it is defined."""
    return float(np.nanmean([correlation(a, b) for a, b in zip(one, other, strict=True)]))


def report(measured: Measured, examples: int, rounds: int) -> str:
    """The aligned table; seconds are those of one round."""
    parts, scores = measured.clock.parts, measured.scores
    mine, equal = parts["ours"] + parts["ours, read"], parts["equal"] + parts["equal, read"]
    same = parts["lime"] + parts["shap"] + parts["occlusion"]

    def ratios(theirs: Spent) -> str:
        return f"ratio {theirs.seconds / mine.seconds:.2f}, at {EVALUATIONS} {theirs.seconds / equal.seconds:.2f}"

    def line(title: str, spent: Spent, last: str = "") -> str:
        seconds = spent.seconds / rounds
        share = f"{spent.in_model / spent.seconds:.3f}"
        questions = f"{spent.questions / rounds / examples:.0f}"
        rate = f"{spent.questions / spent.seconds:.0f}"
        return f"{title:34}{seconds:>10.2f}{share:>10}{questions:>10}{rate:>10}  {last}".rstrip()

    def against_ours(name: str) -> str:
        return f"{agreement(scores['libraries'][name], scores['ours'][name.split()[0]]):.3f}"

    lines = [
        f"{'':34}{'seconds':>10}{'in model':>10}{'maskings':>10}{'a second':>10}  centred cosine with ours",
        line("ours: the table", parts["ours"], f"({measured.distinct:.1%} of the maskings are distinct texts)"),
        line("ours: LIME, SHAP, occlusion of it", parts["ours, read"]),
        line("ours", mine),
        line(f"ours, {EVALUATIONS} maskings at most", equal),
        *(line(f"{name}, asked the same", parts[name], against_ours(name)) for name in ("lime", "shap", "occlusion")),
        line("libraries, asked the same", same, ratios(same)),
    ]
    if "lime as it comes" in scores["libraries"]:
        own = parts["lime as it comes"] + parts["shap as it comes"] + parts["occlusion"]
        lines += [line(name, parts[name], against_ours(name)) for name in ("lime as it comes", "shap as it comes")]
        lines.append(line("libraries as they come", own, ratios(own)))
    if "bfloat16" in scores:
        lines.append(line("ours in bfloat16: the table", parts["bfloat16"]))
        for method in TABLE_EXPLAINERS:
            one, other = scores["bfloat16"][method], scores["ours"][method]
            largest = max(np.abs(a - b).max() for a, b in zip(one, other, strict=True))
            lines.append(f"  {method:32}max |Δ| {largest:.4f}, centred cosine {agreement(one, other):.4f}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="folder of a model that answers the task")
    parser.add_argument("--task", required=True, help="a task of single texts: cola, sst2, …")
    parser.add_argument("--data-root", type=Path, help="folder of the data in the hub's layout")
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16"), help="bfloat16: timed beside")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--same-only", action="store_true", help="leave out the libraries as they come")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    task = find_task(options.task)
    examples = choose(load(task, "evaluation", options.data_root), options.examples)
    names = {"float32": "ours", options.dtype: "ours" if options.dtype == "float32" else "bfloat16"}
    classifiers = {
        name: open_classifier(options.model, task, make_runtime(options.device, dtype)) for dtype, name in names.items()
    }
    measure(classifiers, examples.take(range(1)), rounds=1)  # imports, compilation, first forwards
    clock = Clock(time.perf_counter if options.device == "cuda" else time.process_time)
    for classifier in classifiers.values():
        clock.watch(classifier.get().model)
    measured = measure(classifiers, examples, options.rounds, clock, options.same_only, CHUNKS[options.device])
    units = np.mean([len(units_of(row)) for row in examples.inputs if isinstance(row, TextInput)])
    print(
        f"{task.name}: {len(examples)} examples of {units:.1f} units; {options.device}, {options.threads} threads, "
        f"torch {torch.__version__}, rounds {options.rounds}"
    )
    print(report(measured, len(examples), options.rounds))


if __name__ == "__main__":
    main()
