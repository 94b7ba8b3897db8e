"""How near LIME and SHAP from a sample of maskings come to those from all 2ⁿ maskings, on real sentences.

    python tests/benchmarks/convergence.py --model FOLDER --task cola --data-root DIR --output convergence.svg

All maskings of a sentence are evaluated once (and kept in the store); every sample is then looked up. Beside our
sample: lime's LimeTextExplainer and shap's KernelExplainer on maskings they draw themselves. Needs matplotlib.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from explainers import SETTINGS, choose, open_classifier

from xkd_bench.explainers import lime_attributions, plan_coalitions, shapley_values
from xkd_bench.explainers.coalitions import BoolArray, FloatArray
from xkd_bench.metrics.alignment.vectors import correlation
from xkd_bench.models.classifier import LazyClassifier, make_runtime
from xkd_bench.probes.coalitions import coalitions, log_odds
from xkd_bench.randomness import seed_of
from xkd_bench.records.store import Store, default_store
from xkd_bench.tasks.examples import Examples
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.registry import find_task
from xkd_bench.tasks.words import units_of

SIZES = (32, 64, 128, 256, 512, 1024)
DRAWS = 5  # samples of each size and sentence
OURS, THEIRS = "#0b6e99", "#b3541e"


@dataclass(frozen=True)
class Game:
    """The explained scalar of every masking of one sentence: masks (2ⁿ, n), row r keeps unit i where bit i is set."""

    name: str
    masks: BoolArray
    values: FloatArray

    def at(self, masks: BoolArray) -> FloatArray:
        return self.values[np.asarray(masks, dtype=np.int64) @ (1 << np.arange(self.masks.shape[1]))]


def games(classifier: LazyClassifier, examples: Examples, units: int, store: Store) -> list[Game]:
    """One for each sentence of `units` units, for the class the model predicts."""
    table = coalitions(classifier, examples, replace(SETTINGS, all_up_to=2**units), store, "all maskings")
    plans = [(row.planned, log_odds(row.logits, int(row.logits[-1].argmax()))) for row in table]
    return [Game(plan.example_id, plan.coalitions.masks, values) for plan, values in plans]


def sampled(explain: Callable[[BoolArray, FloatArray, bool], FloatArray], game: Game, size: int, draw: int) -> Any:
    plan = plan_coalitions(game.masks.shape[1], 0, size, ("convergence", game.name, draw))
    return explain(plan.masks, game.at(plan.masks), plan.enumerated)


def lime_library(game: Game, size: int, draw: int) -> FloatArray:
    """LimeTextExplainer on a text whose words are their own positions."""
    from lime.lime_text import LimeTextExplainer

    n = game.masks.shape[1]

    def answer(texts: Iterable[str]) -> FloatArray:
        kept = [np.isin(np.arange(n), np.array(text.split(), dtype=np.int64)) for text in texts]
        return game.at(np.array(kept))[:, None]

    seed = seed_of("convergence", game.name, draw) % 2**32
    explainer = LimeTextExplainer(bow=False, mask_string="", feature_selection="none", random_state=seed)
    text = " ".join(map(str, range(n)))
    weights = explainer.explain_instance(text, answer, (0,), num_features=n, num_samples=size).local_exp[0]
    return np.array([weight for _, weight in sorted(weights)])


def shap_library(game: Game, size: int, draw: int) -> FloatArray:
    """KernelExplainer, which draws from numpy's global generator."""
    import shap

    n = game.masks.shape[1]
    np.random.seed(seed_of("convergence", game.name, draw) % 2**32)  # noqa: NPY002
    explainer = shap.KernelExplainer(game.at, np.zeros((1, n)), silent=True)
    return explainer.shap_values(np.ones((1, n)), nsamples=size, l1_reg=False, silent=True)[0]


# Panel → its values on all maskings, and the estimates that are drawn in it.
LIMITS = {"LIME": lime_attributions, "SHAP": shapley_values}
ESTIMATES: dict[str, dict[str, Callable[[Game, int, int], FloatArray]]] = {
    "LIME": {"ours": lambda *of: sampled(lime_attributions, *of), "lime's own": lime_library},
    "SHAP": {"ours": lambda *of: sampled(shapley_values, *of), "shap's own": shap_library},
}

Study = dict[tuple[str, str], FloatArray]  # (panel, estimate) → quartiles (sizes, 3, [centred cosine, largest error])


def study(played: list[Game], sizes: Iterable[int], draws: int = DRAWS) -> Study:
    """Quartiles over sentences and draws of the centred cosine with the values of all maskings, and of the largest
    error as a share of the largest of those values."""
    found: defaultdict[tuple[str, str], list[FloatArray]] = defaultdict(list)
    limits = [{panel: limit(game.masks, game.values, True) for panel, limit in LIMITS.items()} for game in played]
    for size in sizes:
        for panel, estimates in ESTIMATES.items():
            for name, estimate in estimates.items():
                pairs = [
                    (limit[panel], estimate(game, size, draw))
                    for game, limit in zip(played, limits, strict=True)
                    for draw in range(draws)
                ]
                errors = [(correlation(a, b), np.abs(a - b).max() / np.abs(a).max()) for a, b in pairs]
                found[panel, name].append(np.nanpercentile(np.array(errors), [25, 50, 75], axis=0))
    return {key: np.stack(rows) for key, rows in found.items()}


def table(of: Study, sizes: Iterable[int]) -> str:
    lines = [f"{'':18}{'maskings':>9}{'centred cosine (quartiles)':>32}{'largest error (quartiles)':>32}"]
    for (panel, name), quartiles in of.items():
        for size, (low, middle, high) in zip(sizes, quartiles, strict=True):
            cosine, error = (f"{middle[i]:.4f} ({low[i]:.4f} to {high[i]:.4f})" for i in (0, 1))
            lines.append(f"{panel + ', ' + name:18}{size:>9}{cosine:>32}{error:>32}")
    return "\n".join(lines)


def plot(of: Study, sizes: tuple[int, ...], units: int, path: Path) -> None:
    """Median and quartiles of the centred cosine against the number of maskings, one panel an explainer."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "xkd-bench", "font.size": 10, "font.family": "sans-serif"}
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(7.6, 3.3), sharey=True, layout="constrained", facecolor="white")
    for (panel, name), quartiles in of.items():
        axis, ours = axes[list(LIMITS).index(panel)], name == "ours"
        low, middle, high = (1 - quartiles[:, i, 0] for i in range(3))
        colour = OURS if ours else THEIRS
        axis.fill_between(sizes, low, high, color=colour, alpha=0.15, linewidth=0)
        axis.plot(sizes, middle, color=colour, linewidth=1.8, marker="o", markersize=4)
        at = (sizes[len(sizes) // 2], (high if ours else low)[len(sizes) // 2])
        anchor = {"ha": "right", "va": "bottom"} if ours else {"ha": "left", "va": "top"}
        axis.annotate(name, at, (-4, 3) if ours else (4, -3), textcoords="offset points", color=colour, **anchor)
        axis.set_title(panel, loc="left", fontsize=11, fontweight="bold")
    for axis in axes:
        axis.set_xscale("log", base=2)
        axis.set_xticks(sizes, [str(size) for size in sizes])
        axis.set_xlabel(f"maskings asked, of {2**units:,}")
        axis.set_yscale("log")
        axis.minorticks_off()
        axis.grid(axis="y", color="#dddddd", linewidth=0.7)
        axis.spines[["top", "right"]].set_visible(False)
    ticks = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
    axes[0].set_yticks([1 - tick for tick in ticks], [f"{tick:g}" for tick in ticks])
    axes[0].invert_yaxis()
    axes[0].set_ylabel("centred cosine with\nthe value from all maskings")
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="folder of a model that answers the task")
    parser.add_argument("--task", required=True, help="a task of single texts: cola, sst2, …")
    parser.add_argument("--data-root", type=Path, help="folder of the data in the hub's layout")
    parser.add_argument("--examples", type=int, default=60)
    parser.add_argument("--units", type=int, default=10, help="length of the sentences; 2^units maskings of each")
    parser.add_argument("--output", type=Path, default=Path("convergence.svg"))
    options = parser.parse_args()
    task = find_task(options.task)
    examples = load(task, "evaluation", options.data_root)
    fitting = [i for i, row in enumerate(examples.inputs) if len(units_of(row)) == options.units]  # type: ignore[arg-type]
    chosen = choose(examples.take(fitting), options.examples)
    sizes = tuple(size for size in SIZES if size < 2**options.units)
    classifier = open_classifier(options.model, task, make_runtime("cpu"))
    found = study(games(classifier, chosen, options.units, Store(default_store())), sizes)
    print(f"{task.name}: {len(chosen)} sentences of {options.units} units, {DRAWS} samples of each size")
    print(table(found, sizes))
    plot(found, sizes, options.units, options.output)


if __name__ == "__main__":
    main()
