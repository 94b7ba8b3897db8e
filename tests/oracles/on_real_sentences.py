"""LIME, Shapley values and integrated gradients of real sentences against lime, shap and captum, one text at a time.

    python tests/oracles/on_real_sentences.py --model FOLDER --task sst2 --data-root DIR --examples 50

The same comparisons as the tests beside this file, which need no trained model. Printed is max |Δ| / max |value| over
the sentences. LIME: our regression on the maskings that lime drew and asked the model about. Shapley values: sentences
of at most ten words, from the probe's table, against shap's exact explainer asking the model itself. Integrated
gradients: as many steps as ours took to converge.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import shap
from lime.lime_text import LimeTextExplainer
from test_gradients_against_captum import by_captum, explain, separators_stay

from xkd_bench.explainers import masked_texts, shapley_values
from xkd_bench.explainers.contract import Question
from xkd_bench.explainers.integrated_gradients import explainer as integrated_gradients
from xkd_bench.explainers.lime import lime_regression
from xkd_bench.models.checkpoint import open_checkpoint
from xkd_bench.models.classifier import LazyClassifier, make_runtime
from xkd_bench.models.fit import check_fit
from xkd_bench.probes.coalitions import CoalitionSettings, coalitions, log_odds
from xkd_bench.randomness import hash_order
from xkd_bench.records.store import Store
from xkd_bench.tasks.examples import TextInput
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.registry import find_task
from xkd_bench.tasks.words import units_of

MOST_WORDS = 10
LIME_SAMPLES = 500


def difference(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def lime_difference(classifier: LazyClassifier, question: Question) -> float:
    """Our regression at the maskings and answers that lime's own explainer drew and asked for."""
    words = [unit.text for unit in question.units]
    explainer = LimeTextExplainer(
        bow=False, feature_selection="none", split_expression=lambda text: words, mask_string="", random_state=0
    )
    asked = []
    original = explainer.base.explain_instance_with_data

    def capture(data, labels, *arguments, **options):
        asked.append((data.astype(bool), labels[:, 0]))
        return original(data, labels, *arguments, **options)

    explainer.base.explain_instance_with_data = capture

    def answer(texts: list[str]) -> np.ndarray:
        return log_odds(classifier.get().logits([TextInput(text) for text in texts]), question.target)[:, None]

    explanation = explainer.explain_instance(
        question.input.text, answer, (0,), num_features=len(words), num_samples=LIME_SAMPLES
    )
    expected = np.array([weight for _, weight in sorted(explanation.local_exp[0])])
    return difference(lime_regression(*asked[0]), expected)


def shapley_expected(classifier: LazyClassifier, question: Question) -> np.ndarray:
    """shap's exact explainer over the words, asking the model about one masking after the other."""
    units = question.units

    class Words(shap.maskers.Masker):
        def shape(self, text: str) -> tuple[int, int]:
            return 1, len(units)

        def mask_shapes(self, text: str) -> list[tuple[int]]:
            return [(len(units),)]

        def feature_names(self, text: str) -> list[list[str]]:
            return [[unit.text for unit in units]]

        def __call__(self, mask: np.ndarray, text: str) -> tuple[np.ndarray]:
            return (np.array([masked_texts(question.input, units, mask[None, :])[0].text]),)

    def model(texts: np.ndarray) -> np.ndarray:
        return log_odds(classifier.get().logits([TextInput(str(text)) for text in texts]), question.target)

    return shap.explainers.ExactExplainer(model, Words())([question.input.text]).values[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="folder of a BERT that answers the task")
    parser.add_argument("--task", required=True, help="a task of single texts and two classes: cola, sst2")
    parser.add_argument("--data-root", type=Path, help="folder of the data in the hub's layout")
    parser.add_argument("--examples", type=int, default=50)
    options = parser.parse_args()
    task, checkpoint = find_task(options.task), open_checkpoint(options.model)
    order = check_fit(checkpoint, task.card, "model")
    classifier = LazyClassifier(checkpoint, task.card, order, make_runtime("cpu"))
    examples = load(task, "evaluation", options.data_root)
    examples = examples.take(hash_order(examples.example_ids, "oracles")[: options.examples])
    targets = classifier.get().logits(examples.inputs).argmax(axis=1)
    questions = [
        Question(name, row, units_of(row), int(target))
        for name, row, target in zip(examples.example_ids, examples.inputs, targets, strict=True)
    ]
    found = [lime_difference(classifier, question) for question in questions]
    print(f"LIME                  {len(found)} sentences  {max(found):.1e}", flush=True)

    short = [row for row, question in enumerate(questions) if 1 < len(question.units) <= MOST_WORDS]
    with tempfile.TemporaryDirectory() as folder:
        settings = CoalitionSettings(suite_seed=0, all_up_to=2**MOST_WORDS, sample=16)
        table = coalitions(classifier, examples.take(short), settings, Store(Path(folder)), "all maskings")
    found = []
    for row, answers in zip(short, table, strict=True):
        ours = shapley_values(answers.planned.coalitions.masks, log_odds(answers.logits, questions[row].target), True)
        found.append(difference(ours, shapley_expected(classifier, questions[row])))
    print(f"Shapley values        {len(found)} sentences  {max(found):.1e}", flush=True)

    found = []
    for question, ours in zip(questions, explain(integrated_gradients, classifier.get(), questions), strict=True):
        expected = by_captum(classifier.get(), question, separators_stay, int(ours.notes["steps"]))
        found.append(difference(ours.scores, expected))
    print(f"Integrated gradients  {len(found)} sentences  {max(found):.1e}")


if __name__ == "__main__":
    main()
