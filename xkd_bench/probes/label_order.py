"""Is the order of a checkpoint's outputs the task's? Asked only where the checkpoint's label names do not say."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from xkd_bench.errors import BadInputError
from xkd_bench.models.classifier import LazyClassifier
from xkd_bench.probes.predictions import predictions
from xkd_bench.randomness import hash_order
from xkd_bench.records.store import Store
from xkd_bench.tasks.examples import Examples

EXAMPLES = 1000
MARGIN = 0.05


def check_label_order(classifier: LazyClassifier, examples: Examples, store: Store, role: str) -> None:
    """Stop when another order of the outputs would score far higher; never guess silently.

    The best order is the assignment of outputs to classes that maximises the trace of the confusion matrix. Raises
    `BadInputError` naming it when it scores more than 5 points above the order as it is.
    """
    if classifier.order.named or classifier.card.kind == "regression":
        return
    chosen = sorted(hash_order(examples.example_ids, "label order")[:EXAMPLES])
    sample = examples.take(chosen)
    table = predictions(classifier, sample, store, f"label order of the {role}")
    labels = classifier.card.labels
    known = sample.labels >= 0
    confusion = np.zeros((len(labels), len(labels)))
    np.add.at(confusion, (sample.labels[known], table.logits.argmax(axis=1)[known]), 1)
    truth, output = linear_sum_assignment(-confusion)
    now, best = float(np.trace(confusion)), float(confusion[truth, output].sum())
    if known.any() and (best - now) / known.sum() > MARGIN:
        stands_for = {int(o): labels[t] for t, o in zip(truth, output, strict=True)}
        names = ", ".join(f'"{o}": "{stands_for[o]}"' for o in sorted(stands_for))
        raise BadInputError(
            where=f"{role} {classifier.checkpoint.location}, config.json, id2label",
            expected=f"outputs in the order {', '.join(labels)}, or label names that say another",
            found=f"names that say nothing, and {now / known.sum():.3f} of {int(known.sum())} labelled {sample.split} "
            f"examples right where another order gets {best / known.sum():.3f}",
            fix=f'if that is what the outputs mean, write it into config.json: "id2label": {{{names}}}',
        )
