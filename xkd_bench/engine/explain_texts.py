"""The same texts explained by any number of checkpoints, for a person to look at: checks → probes → plain data.

A text is measured by itself, under its own fingerprint, so what is found for it does not depend on its companions; an
example of a split is measured as an evaluation measures it, with the same maskings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xkd_bench.engine.explain import Explained, Measurement, explanation_view, questions
from xkd_bench.errors import BadInputError
from xkd_bench.explainers import registry as explainers
from xkd_bench.explainers.coalitions import BoolArray, kept_none
from xkd_bench.explainers.contract import Explanation, Question
from xkd_bench.explainers.units import Unit, units_of
from xkd_bench.metrics import registry as metrics
from xkd_bench.metrics.alignment_scoring import exclusions, similarities
from xkd_bench.metrics.contract import FloatArray, ModelView, Reason, SimilarityMetric
from xkd_bench.models.checkpoint import Checkpoint, open_checkpoint
from xkd_bench.models.classifier import LazyClassifier, Runtime
from xkd_bench.models.fit import LabelOrder, check_fit
from xkd_bench.probes.coalitions import ExampleCoalitions, log_odds
from xkd_bench.probes.masked import Fill
from xkd_bench.probes.predictions import predictions
from xkd_bench.records.store import Store
from xkd_bench.tasks.card import TaskCard
from xkd_bench.tasks.examples import Examples, TextInput, fingerprint
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.protocols import ExplanationCard, Protocol
from xkd_bench.tasks.registry import Task

DEFAULT_EXPLAINERS = ("lime", "integrated_gradients")
SIMILARITY = "centred_cosine"


@dataclass(frozen=True)
class Candidate:
    """A checkpoint that fits the task; its weights load when it is its turn and go when the next one's comes."""

    name: str
    is_teacher: bool
    checkpoint: Checkpoint
    order: LabelOrder


@dataclass(frozen=True)
class Maskings:
    """How many of the 2ⁿ maskings of n words an explanation rests on."""

    asked: int
    words: int

    @property
    def sampled(self) -> bool:
        return self.asked != 1 << self.words


@dataclass(frozen=True)
class Answer:
    """What one model says of a text. predicted, probability: None for a regression, where `value` is the prediction.

    value: f(x), the log-odds of the explained class. without_words: f(∅), None where no explainer asked for it.
    """

    predicted: str | None
    probability: float | None
    value: float
    without_words: float | None


@dataclass(frozen=True)
class ModelWords:
    """One model's explanation of a text, n words.

    scores, seen: (n,). reason: why the scores must not be used. similarity: centred cosine with the first model, None
    for that model itself and where there is none, then `why` says why. repeatability: of two halves of the sample, None
    where nothing was sampled.
    """

    scores: FloatArray
    seen: BoolArray
    reason: Reason | None
    similarity: float | None
    why: Reason | None
    notes: Mapping[str, float]
    repeatability: float | None


@dataclass(frozen=True)
class ExplainedBy:
    """One explainer on one text, a row for each model. maskings: None for an explainer that asks for none."""

    name: str
    title: str
    maskings: Maskings | None
    rows: tuple[ModelWords, ...]


@dataclass(frozen=True)
class ExplainedText:
    """example_id, label: of an example of the task's data, else None. target: the explained class, None for a
    regression. unread: how many words lie beyond the task's window, so that no model was asked about them."""

    input: TextInput
    example_id: str | None
    label: str | None
    target: str | None
    units: tuple[Unit, ...]
    unread: int
    answers: tuple[Answer, ...]
    explainers: tuple[ExplainedBy, ...]


@dataclass(frozen=True)
class Comparison:
    """Models in the order of every tuple below; the others are compared with the first, the teacher where there is
    one. target_given: the user named the explained class, else it is what the first model predicts."""

    card: TaskCard
    protocol: Protocol
    fill: Fill
    target_given: bool
    models: tuple[Candidate, ...]
    texts: tuple[ExplainedText, ...]


@dataclass(frozen=True)
class TextsPlan:
    """Everything checked, nothing run. items: one example each. target: class index, None: what the first predicts."""

    task: Task
    protocol: Protocol
    settings: ExplanationCard
    fill: Fill
    items: tuple[Examples, ...]
    from_split: tuple[bool, ...]
    models: tuple[Candidate, ...]
    target: int | None
    runtime: Runtime


def own_texts(task: Task, texts: Sequence[str], pairs: Sequence[str]) -> list[Examples]:
    """Each text of the user as the only example of a split of its own, without a label.

    Raises `BadInputError` unless a task of pairs gets a second text for each, and any other task none.
    """
    paired = task.card.modality == "pair"
    if len(pairs) != (len(texts) if paired else 0):
        raise BadInputError(
            where="--text-pair",
            expected=f"one for each of the {len(texts)} texts, as {task.name} is about pairs"
            if paired
            else f"none, as {task.name} is about single texts",
            found=str(len(pairs)),
            fix="give --text-pair once for each text, in their order" if paired else "leave it out",
        )
    return [_alone(task, TextInput(*parts)) for parts in (zip(texts, pairs, strict=True) if paired else zip(texts))]


def _alone(task: Task, row: TextInput) -> Examples:
    for part in row:
        _check_unicode(part or "")
    hidden = np.array([np.nan]) if task.card.kind == "regression" else np.array([-1])
    found = fingerprint(task.card, ("0",), (row,), hidden)
    return Examples(task.card, "own text", ("0",), (row,), hidden, found, clusters=None, slices={})


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadInputError(
            where="the text to explain",
            expected="text in UTF-8",
            found=f"a byte that is none at character {error.start}",
            fix="convert the text to UTF-8",
        ) from None


def split_examples(task: Task, ids: Sequence[str], root: Path | None) -> list[Examples]:
    """Examples of the task's evaluation split by id. Raises `BadInputError` for an id that is not there."""
    if not ids:
        return []
    examples = load(task, "evaluation", root)
    place = {example_id: row for row, example_id in enumerate(examples.example_ids)}
    for wanted in ids:
        if wanted not in place:
            raise BadInputError(
                where="--example",
                expected=f"an id of {task.name}, split {examples.split}: {examples.example_ids[0]} … "
                f"{examples.example_ids[-1]}",
                found=repr(wanted),
                fix="choose an id of this split",
            )
    return [examples.take([place[wanted]]) for wanted in ids]


def make_texts_plan(
    task: Task,
    texts: Sequence[Examples],
    examples: Sequence[Examples],
    teacher: str | None,
    students: Sequence[str],
    protocol: Protocol,
    names: Sequence[str],
    fill: str,
    target: str | None,
    runtime: Runtime,
) -> TextsPlan:
    """Resolve and check, before any weight is loaded. texts: of `own_texts`; examples: of `split_examples`.

    names: explainers, none for LIME and integrated gradients (for all of a protocol that has not both).
    """
    return TextsPlan(
        task=task,
        protocol=protocol,
        settings=_settings(protocol, names, _fill(fill)),
        fill=_fill(fill),
        items=(*texts, *examples),
        from_split=(False,) * len(texts) + (True,) * len(examples),
        models=_candidates(task.card, teacher, students),
        target=None if target is None else _target(task.card, target),
        runtime=runtime,
    )


def _fill(named: str) -> Fill:
    if named not in ("delete", "mask"):
        raise BadInputError(where="--fill", expected="delete or mask", found=repr(named), fix="choose one")
    return "delete" if named == "delete" else "mask"


def _settings(protocol: Protocol, names: Sequence[str], fill: Fill) -> ExplanationCard:
    """The protocol's settings for these explainers alone."""
    known = protocol.explanations
    usual = tuple(name for name in DEFAULT_EXPLAINERS if name in known.explainers)
    chosen = tuple(dict.fromkeys(names)) or usual or known.explainers
    maskings = None
    for name in chosen:
        if explainers.card(name).reads != "coalitions":
            continue
        if known.coalitions is None:
            raise BadInputError(
                where=f"--explainer {name}",
                expected=f"an explainer of protocol {protocol.name}, which has no maskings",
                found="one that reads maskings",
                fix=f"choose another protocol, or among {', '.join(known.explainers)}",
            )
        maskings = known.coalitions.model_copy(update={"fills": (fill,)})
    return known.model_copy(update={"explainers": chosen, "coalitions": maskings})


def _target(card: TaskCard, named: str) -> int:
    spelled = {label.lower(): place for place, label in enumerate(card.labels)}
    spelled |= {alias.lower(): card.labels.index(label) for label, own in card.label_aliases.items() for alias in own}
    if named.lower() not in spelled:
        raise BadInputError(
            where="--target",
            expected=f"a label of {card.name}: {', '.join(card.labels)}" if card.labels else "none for a regression",
            found=repr(named),
            fix="choose one of these" if card.labels else "leave it out",
        )
    return spelled[named.lower()]


def _candidates(card: TaskCard, teacher: str | None, students: Sequence[str]) -> tuple[Candidate, ...]:
    if card.modality == "image":
        raise BadInputError(where="--task", expected="a task of texts", found=card.name, fix="choose another task")
    asked = [(location, False) for location in students]
    if teacher is not None:
        asked.insert(0, (teacher, True))
    if not asked:
        raise BadInputError(
            where="--teacher, --student", expected="at least one model", found="none", fix="name a checkpoint"
        )
    opened = [open_checkpoint(location) for location, _ in asked]
    orders = [
        check_fit(checkpoint, card, "teacher" if is_teacher else "student")
        for checkpoint, (_, is_teacher) in zip(opened, asked, strict=True)
    ]
    names = short_names([_parts(checkpoint) for checkpoint in opened])
    return tuple(
        Candidate(name, is_teacher, checkpoint, order)
        for name, (_, is_teacher), checkpoint, order in zip(names, asked, opened, orders, strict=True)
    )


def _parts(checkpoint: Checkpoint) -> tuple[str, ...]:
    """What a checkpoint is called: the parts of its folder's path, or of its hub id."""
    if Path(checkpoint.location).expanduser().is_dir():
        return checkpoint.folder.parts
    return tuple(checkpoint.location.split("/"))


def short_names(places: Sequence[tuple[str, ...]]) -> list[str]:
    """Each place's last part, with as many before it as tell it from another place."""

    def name(place: tuple[str, ...]) -> str:
        others = [other for other in places if other != place]
        length = 1
        while length < len(place) and any(other[-length:] == place[-length:] for other in others):
            length += 1
        return "/".join(place[-length:])

    return [name(place) for place in places]


def compare(plan: TextsPlan, store: Store) -> Comparison:
    """Ask model after model about every text and set each beside the first."""
    targets: list[int] = []
    asked: list[Question] = []
    logits: list[list[FloatArray]] = []
    found: list[list[Explained]] = []
    for model in plan.models:
        classifier = LazyClassifier(model.checkpoint, plan.task.card, model.order, plan.runtime)
        said = [predictions(classifier, item, store, f"{model.name}, answers").logits for item in plan.items]
        if not targets:
            targets = [int(row.argmax()) if plan.target is None else plan.target for row in said]
            asked = [questions(item, np.array([c]))[0] for item, c in zip(plan.items, targets, strict=True)]
        logits.append(said)
        found.append(
            [
                Measurement(plan.settings, plan.protocol.statistics.suite_seed, store, item, [question]).of(
                    classifier, model.name if len(asked) == 1 else f"{model.name}, text {place}"
                )
                for place, (item, question) in enumerate(zip(plan.items, asked, strict=True), 1)
            ]
        )
    return Comparison(
        card=plan.task.card,
        protocol=plan.protocol,
        fill=plan.fill,
        target_given=plan.target is not None,
        models=plan.models,
        texts=tuple(
            _explained_text(plan, place, asked[place], [rows[place] for rows in logits], [one[place] for one in found])
            for place in range(len(plan.items))
        ),
    )


def _explained_text(
    plan: TextsPlan, place: int, asked: Question, logits: Sequence[FloatArray], found: Sequence[Explained]
) -> ExplainedText:
    item, card = plan.items[place], plan.task.card
    text = item.inputs[0]
    assert isinstance(text, TextInput)
    label = item.labels[0]
    known = plan.from_split[place] and not (np.isnan(label) if card.kind == "regression" else label < 0)
    return ExplainedText(
        input=text,
        example_id=item.example_ids[0] if plan.from_split[place] else None,
        label=None if not known else card.labels[int(label)] if card.labels else f"{label:g}",
        target=card.labels[asked.target] if card.labels else None,
        units=asked.words,
        unread=len(units_of(text)) - len(asked.units),
        answers=tuple(
            _answer(card, rows, asked.target, one.coalitions.get(plan.fill))
            for rows, one in zip(logits, found, strict=True)
        ),
        explainers=tuple(_explained_by(name, asked.target, found, plan.fill) for name in plan.settings.explainers),
    )


def _answer(card: TaskCard, logits: FloatArray, target: int, table: Sequence[ExampleCoalitions] | None) -> Answer:
    view = ModelView(card.kind, ("0",), np.zeros(1), logits, card.classes)
    best = int(view.predicted[0])
    without = None
    if table is not None and table[0].reason is None:
        values = log_odds(table[0].logits, target)
        without = float(values[kept_none(table[0].planned.coalitions.masks)])
    return Answer(
        predicted=card.labels[best] if card.labels else None,
        probability=float(view.probabilities[0, best]) if card.labels else None,
        value=float(log_odds(logits, target)[0]),
        without_words=without,
    )


def _explained_by(name: str, target: int, found: Sequence[Explained], fill: Fill) -> ExplainedBy:
    metric = metrics.load(SIMILARITY)
    assert isinstance(metric, SimilarityMetric)
    first = found[0].explanations[name][0]
    maskings = None
    if explainers.card(name).reads == "coalitions":
        masks = found[0].coalitions[fill][0].planned.coalitions.masks
        maskings = Maskings(*masks.shape)
    return ExplainedBy(
        name=name,
        title=explainers.title(name),
        maskings=maskings,
        rows=tuple(
            _model_words(
                one.explanations[name][0],
                None if place == 0 else first,
                one.halves[name][0] if maskings is not None and maskings.sampled else None,
                target,
                metric,
            )
            for place, one in enumerate(found)
        ),
    )


def _model_words(
    own: Explanation, first: Explanation | None, repeatability: float | None, target: int, metric: SimilarityMetric
) -> ModelWords:
    similarity, why = None, None
    if first is not None:
        view = explanation_view([first], [own], np.array([target]))
        value = similarities(view, metric)
        similarity = None if np.isnan(value[0]) else float(value[0])
        why = next(iter(exclusions(view, value)), None)
    return ModelWords(
        scores=own.scores,
        seen=own.covered,
        reason=own.reason,
        similarity=similarity,
        why=why,
        notes=own.notes,
        repeatability=None if repeatability is None or np.isnan(repeatability) else repeatability,
    )
