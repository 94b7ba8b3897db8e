"""Who explains what to whom, decided and checked before any weight is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xkd_bench.engine.comparison_inputs import Item, own_inputs, split_items
from xkd_bench.engine.questions import ImageFacts, rounded_mean
from xkd_bench.errors import BadInputError
from xkd_bench.explainers import registry as explainers
from xkd_bench.explainers.contract import ModelExplainer
from xkd_bench.explainers.patches import Grid, common_grid
from xkd_bench.models.checkpoint import Checkpoint, open_checkpoint
from xkd_bench.models.classifier import Runtime
from xkd_bench.models.encoding import patch_sides
from xkd_bench.models.fit import LabelOrder, check_fit
from xkd_bench.probes.masked import Fill
from xkd_bench.tasks.card import TaskCard
from xkd_bench.tasks.examples import Examples
from xkd_bench.tasks.loading import load, split_name
from xkd_bench.tasks.protocols import ExplanationCard, Protocol
from xkd_bench.tasks.registry import Task

DEFAULT_EXPLAINERS = ("lime", "integrated_gradients")
TEXT_FILLS: tuple[Fill, ...] = ("delete", "mask")
IMAGE_FILLS: tuple[Fill, ...] = ("mean", "blur")
MID_GREY = (127.5, 127.5, 127.5)


@dataclass(frozen=True)
class Candidate:
    """A checkpoint that fits the task; its weights load when it is its turn and go when the next one's comes."""

    name: str
    is_teacher: bool
    checkpoint: Checkpoint
    order: LabelOrder


@dataclass(frozen=True)
class Request:
    """What the user named.

    inputs: texts, or paths of images. pairs: the second texts. example_ids: of the task's evaluation split.
    explainers: none for LIME and integrated gradients (for all of a protocol that has not both). fill: None for the
    first of the task's kind. target: a label, None for what the first model predicts.
    """

    task: Task
    protocol: Protocol
    inputs: Sequence[str] = ()
    pairs: Sequence[str] = ()
    example_ids: Sequence[str] = ()
    teacher: str | None = None
    students: Sequence[str] = ()
    explainers: Sequence[str] = ()
    fill: str | None = None
    target: str | None = None
    data_root: Path | None = None


@dataclass(frozen=True)
class MaskedWith:
    """What images are masked with. mean_of: the split whose mean colour it is, None for mid grey, as the images of
    `wanted` were not at hand."""

    facts: ImageFacts
    mean_of: str | None
    wanted: str


@dataclass(frozen=True)
class ComparisonPlan:
    """Everything checked, nothing run. target: class index, None: what the first model predicts. masked_with: None for
    texts."""

    task: Task
    protocol: Protocol
    settings: ExplanationCard
    fill: Fill
    items: tuple[Item, ...]
    models: tuple[Candidate, ...]
    target: int | None
    masked_with: MaskedWith | None
    runtime: Runtime


def make_comparison_plan(request: Request, runtime: Runtime) -> ComparisonPlan:
    """Resolve and check. Raises `BadInputError` for what cannot be explained; what reads least is checked first."""
    task = request.task
    fill = _fill(task.card, request.fill)
    settings = _settings(task.card, request.protocol, request.explainers, fill)
    target = None if request.target is None else _target(task.card, request.target)
    own = own_inputs(task, request.inputs, request.pairs)
    models = _candidates(task.card, request.teacher, request.students)
    split = load(task, "evaluation", request.data_root) if request.example_ids else None
    return ComparisonPlan(
        task=task,
        protocol=request.protocol,
        settings=settings,
        fill=fill,
        items=(*own, *(split_items(split, request.example_ids) if split else ())),
        models=models,
        target=target,
        masked_with=_masked_with(request, models, split) if task.card.modality == "image" else None,
        runtime=runtime,
    )


def _masked_with(request: Request, models: Sequence[Candidate], split: Examples | None) -> MaskedWith:
    """The coarsest of the models' grids, and the mean colour of the evaluation split where its images can be read."""
    sides = [patch_sides(model.checkpoint) for model in models]
    grid = common_grid(None if found is None else Grid(*found) for found in sides)
    wanted = f"{request.task.name}, split {split_name(request.task, 'evaluation')}"
    split = split or _at_hand(request)
    if split is None:
        return MaskedWith(ImageFacts(grid, MID_GREY), None, wanted)
    return MaskedWith(ImageFacts(grid, rounded_mean(split)), wanted, wanted)


def _at_hand(request: Request) -> Examples | None:
    """The evaluation split where it is on this machine: nobody downloads a data set to explain one photograph."""
    if request.task.card.data.source == "hub" and request.data_root is None:
        return None
    try:
        return load(request.task, "evaluation", request.data_root)
    except BadInputError:
        return None


def _fill(card: TaskCard, named: str | None) -> Fill:
    known = IMAGE_FILLS if card.modality == "image" else TEXT_FILLS
    for fill in known:
        if named in (None, fill):
            return fill
    raise BadInputError(where="--fill", expected=" or ".join(known), found=repr(named), fix="choose one")


def _settings(card: TaskCard, protocol: Protocol, names: Sequence[str], fill: Fill) -> ExplanationCard:
    """The protocol's settings for these explainers alone."""
    known = protocol.explanations
    usual = tuple(name for name in DEFAULT_EXPLAINERS if name in known.explainers)
    chosen = tuple(dict.fromkeys(names)) or usual or known.explainers
    maskings = None
    for name in chosen:
        _check_modality(card, protocol, name)
        if explainers.card(name).reads != "coalitions":
            continue
        if known.coalitions is None:
            raise BadInputError(
                where=f"--explainer {name}",
                expected=f"an explainer of protocol {protocol.name}, which has no maskings",
                found="one that reads maskings",
                fix=f"choose another protocol, or among {', '.join(known.explainers)}",
            )
        fills = "image_fills" if card.modality == "image" else "fills"
        maskings = known.coalitions.model_copy(update={fills: (fill,)})
    return known.model_copy(update={"explainers": chosen, "coalitions": maskings})


def _check_modality(card: TaskCard, protocol: Protocol, name: str) -> None:
    if card.modality != "image":
        return
    explainer = explainers.load(name)
    if isinstance(explainer, ModelExplainer) and not explainer.images:
        raise BadInputError(
            where=f"explainer {name}, of protocol {protocol.name}",
            expected=f"one that explains images, as {card.name} needs",
            found="one that explains texts only",
            fix=f"choose --protocol quick or standard, or --explainer {','.join(DEFAULT_EXPLAINERS)}",
        )


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
