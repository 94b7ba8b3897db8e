"""The schemas of the files in a submission. Every file says which schema it follows; newer ones are refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from xkd_bench.metrics.contract import Reason, Status

Hash = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Text = Annotated[str, Field(max_length=2000)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
SCHEMA_VERSION: Literal[1] = 1

# Where a student stands. With retrained teachers, by the interval of the calibrated value: it covers 0, lies below ½,
# covers ½, lies above ½, or reaches 1. Without any: whether the mean's interval lies above the floor's.
Verdict = Literal["chance", "nearer_chance", "undecided", "nearer_retrained", "as_retrained", "beyond_chance", "none"]

# Whether the interval of the gain over the baseline lies above 0, below 0, or holds it.
GainVerdict = Literal["higher", "lower", "even", "none"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScoreRecord(Strict):
    """A metric's value with its 95 % interval, or why it has none. A ratio is stored as a ratio, never as percent."""

    value: Finite | None
    low: Finite | None
    high: Finite | None
    n: Count
    status: Status
    reason: Reason | None


class ModelRecord(Strict):
    """A checkpoint as far as it matters to a reader: what it is, not where it lies."""

    hash: Hash
    architecture: Text
    parameters: Count
    bytes: Count
    blocks: Count | None


class GateRecord(Strict):
    """Whether a model is valid on the task: not collapsed, and the lower end of its MCC (Spearman) above 0.1."""

    status: Literal["valid", "invalid", "weak"]
    score: Literal["mcc", "spearman"]
    low: Finite | None
    largest_class_share: Finite | None
    majority_score: Finite | None
    reason: Text | None


class TaskRecord(Strict):
    name: Text
    title: Text
    kind: Literal["classification", "regression"]
    headline: Text
    split: Text
    rows: Count
    fingerprint: Hash
    pinned: bool


class ProtocolRecord(Strict):
    name: Text
    version: Annotated[int, Field(ge=1)]
    hash: Hash


class FileRecord(Strict):
    name: Text
    sha256: Hash
    rows: Count


class LineageRecord(Strict):
    """How a checkpoint was made, as `distill` wrote it beside the weights. Claims, as far as a reader is concerned.

    teacher_location and task_location (of a task file of one's own) are relative to the checkpoint's folder, or a hub
    id; they are for the machine they were written on, and a submission leaves them out. trained_on_explainers,
    augmentation and masks_inputs are what of the method could raise a score without better reasons.
    """

    schema_version: Literal[1] = 1
    method: Text
    task: Text
    train_split: Text
    train_fingerprint: Hash
    train_rows: Count
    seed: int
    student_start: Hash
    layers: tuple[int, ...] | None
    teacher: Hash | None
    teacher_location: Text | None = None
    task_location: Text | None = None
    settings: dict[str, Any]
    training: dict[str, Any]
    updates: Count
    trained_on_explainers: tuple[Text, ...] = ()
    augmentation: tuple[Text, ...] = ()
    masks_inputs: bool = False
    xkd_bench: Text
    libraries: dict[str, str]


class ScaleRecord(Strict):
    """Where a measure lies between chance and the teacher trained again.

    floor: the student's explanations of other examples of equal length and teacher's class. ceiling: explanations of
    retrained teachers; `retrained` holds each one's own. calibrated: (value − floor) / (ceiling − floor), not clipped.
    random_student: the student's config with random weights; shown, not used.
    """

    floor: ScoreRecord
    ceiling: ScoreRecord
    calibrated: ScoreRecord
    random_student: ScoreRecord
    retrained: tuple[ScoreRecord, ...]


class MeasureRecord(Strict):
    """What stands beside a measure's mean. distribution: examples in equal bins of the measure's range. disattenuated:
    the mean of value / √(reliability of both models' explanations), None where nothing was sampled. gain: mean of
    student − baseline on the same examples, None without a baseline."""

    median: ScoreRecord
    excluded: dict[Reason, Count]
    distribution: tuple[Count, ...]
    scale: ScaleRecord | None
    disattenuated: ScoreRecord | None
    gain: ScoreRecord | None = None


class ExplainerRecord(Strict):
    """One explainer, with one fill where it reads maskings. notes: means over examples of what it says of itself."""

    measures: dict[str, MeasureRecord]
    reliability: dict[Literal["teacher", "student"], ScoreRecord]
    notes: dict[Literal["teacher", "student"], dict[str, Finite]]


class FillRecord(Strict):
    """Whether a verdict survives another fill. gap: the headline measure with this fill minus that with the first one,
    on the same examples. verdicts: fill → where the student stands. gain_gap, gain_verdicts: the same of the gain over
    the baseline, None and empty without one. survives: no verdict and no value that matters changes with the fill."""

    gap: ScoreRecord
    verdicts: dict[str, Verdict]
    gain_gap: ScoreRecord | None = None
    gain_verdicts: dict[str, GainVerdict] = Field(default_factory=dict)
    survives: bool


class ExplanationsRecord(Strict):
    """Beside the scores: how far each can be trusted.

    baseline: the student that gains are told over. grid: rows and columns of patches, None for words. explainers: by
    key, `lime`, or `lime.mask` for the second fill.
    """

    table: FileRecord
    retrained_teachers: tuple[Hash, ...]
    baseline: Hash | None = None
    random_student_examples: Count
    grid: tuple[Count, Count] | None = None
    explainers: dict[str, ExplainerRecord]
    fills: dict[str, FillRecord]


class CurveRecord(Strict):
    """What is left at each level while units are masked, with its 95 % interval, and the area under it (0 … 1)."""

    values: tuple[Finite | None, ...]
    lows: tuple[Finite | None, ...]
    highs: tuple[Finite | None, ...]
    area: ScoreRecord


class MaskedRecord(Strict):
    """One explainer on one masked model. curves: measure → `most`, `least` (important first), `random`. scores: measure
    → metric of faithfulness, as far as it has a value there."""

    curves: dict[str, dict[str, CurveRecord]]
    scores: dict[str, dict[str, ScoreRecord]]


class FaithfulnessRecord(Strict):
    """Whether explanations name what a model depends on.

    levels: percent of the units that are masked. found: whose explanation masks whose input → explainer. Curves of two
    models are not to be compared; `transfer_ratios` are: the drop by the teacher's explanation over that by the
    student's own, on the student.
    """

    table: FileRecord
    levels: tuple[Count, ...]
    found: dict[Literal["student", "teacher", "transfer"], dict[str, MaskedRecord]]
    transfer_ratios: dict[str, ScoreRecord]


class PerturbationRecord(Strict):
    """One perturbation beside its scores.

    inputs: sha256 of what both models were asked. applied: share of inputs it could change. distances: mean over these
    of how far they moved, `characters` and `words` of a text, `pixels` of an image (0 … 1). headline: model → the
    task's headline score on each draw.
    """

    inputs: Hash
    label_changing: bool
    applied: Finite
    distances: dict[Literal["characters", "words", "pixels"], Finite]
    headline: dict[Literal["student", "teacher"], tuple[Finite | None, ...]]


class RobustnessRecord(Strict):
    """What becomes of the answers when inputs are perturbed, `draws` times each. plain: model → the task's headline
    score on the same examples as they are."""

    table: FileRecord
    strength: Literal["single_edit", "paper"]
    draws: Annotated[int, Field(ge=1)]
    plain: dict[Literal["student", "teacher"], Finite | None]
    perturbations: dict[str, PerturbationRecord]


class TaskResult(Strict):
    """`record.json`: everything about one student on one task that two runs of the same thing must agree on.

    track: sha256 over (task fingerprint, teacher hash, protocol); rows are ranked inside one track only. None where no
    teacher was given.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    task: TaskRecord
    protocol: ProtocolRecord
    track: Hash | None
    student: ModelRecord
    teacher: ModelRecord | None
    lineage: LineageRecord | None
    gate: dict[Literal["student", "teacher"], GateRecord]
    scores: dict[str, ScoreRecord]
    slices: dict[str, dict[str, ScoreRecord]]
    explanations: ExplanationsRecord | None = None
    faithfulness: FaithfulnessRecord | None = None
    robustness: RobustnessRecord | None = None
    warnings: tuple[Text, ...]
    examples: FileRecord
    provenance: dict[str, Any]

    def failed_gate(self, role: Literal["student", "teacher"]) -> GateRecord | None:
        """The gate of a model that did not pass it; None where it did, and where it has none."""
        gate = self.gate.get(role)
        return None if gate is None or gate.status == "valid" else gate

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes in the order of the logits, as the record says; none for a regression."""
        settings = self.provenance.get("settings")
        found = settings.get("labels") if isinstance(settings, dict) else None
        return tuple(map(str, found)) if isinstance(found, list) else ()

    @property
    def dtype(self) -> str:
        """Of the weights the record was measured with."""
        settings = self.provenance.get("settings")
        return str(settings.get("dtype", "float32")) if isinstance(settings, dict) else "float32"


class SpeedRecord(Strict):
    """Examples a second of both models on the same examples, timed in turn in one process."""

    student: Finite | None
    teacher: Finite | None
    ratio: Finite | None
    examples: Count
    rounds: Count
    note: Text


class RunRecord(Strict):
    """`run.json`: cost and device, what differs between two runs of the same thing."""

    schema_version: Literal[1] = SCHEMA_VERSION
    started: Text
    seconds: Finite
    forwards: dict[str, Count]  # "student" and "teacher": examples sent through each model by the probes
    stored: dict[str, Count]  # examples whose predictions were already in the store
    timing_forwards: dict[str, Count]
    peak_memory_bytes: Count | None
    device: Text
    threads: Count
    token_budget: Count
    speed: SpeedRecord | None
    machine: dict[str, str]


class SubmissionRecord(Strict):
    """`submission.toml`: who and what, as its author wrote it."""

    schema_version: Literal[1] = SCHEMA_VERSION
    name: Annotated[str, Field(min_length=1, max_length=100)]
    method: Annotated[str, Field(min_length=1, max_length=100)]
    summary: Text = ""
    authors: tuple[Annotated[str, Field(max_length=200)], ...] = ()
    links: dict[Annotated[str, Field(max_length=50)], Annotated[str, Field(pattern=r"^https://", max_length=500)]] = (
        Field(default_factory=dict)
    )
    citation: Text = ""
