"""One track → one table: the teacher's row, the students' rows, their slices and their picture."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from xkd_bench.explainers.registry import in_reading_order
from xkd_bench.explainers.registry import title as explainer_title
from xkd_bench.leaderboard import cells
from xkd_bench.leaderboard.cells import BLANK, Cell
from xkd_bench.leaderboard.columns import Column, agreement_axis, columns_of, unknown_scores
from xkd_bench.leaderboard.facts import TaskFacts
from xkd_bench.leaderboard.plots.headline import Plot
from xkd_bench.leaderboard.ranks import PairedDraws, Place, places
from xkd_bench.leaderboard.tables.alignment import HEADLINE, AlignmentTable, alignment_table, scale_words
from xkd_bench.leaderboard.tables.faithfulness import FaithfulnessTable, faithfulness_table
from xkd_bench.leaderboard.tables.methods import MethodRow, Trained, has_seeds, method_rows
from xkd_bench.leaderboard.tables.robustness import RobustnessTable, robustness_table
from xkd_bench.leaderboard.tables.track_plots import Drawn, drawn, plots_of
from xkd_bench.metrics.contract import MetricCard
from xkd_bench.records.audits import MEANING, Badge
from xkd_bench.records.schema import ModelRecord, TaskResult
from xkd_bench.records.submission import Submission, TaskEntry


@dataclass(frozen=True)
class Measured:
    """One student on one task: an entry's card with the record and the cost of that task, and what it is ranked by."""

    submission: Submission
    entry: TaskEntry
    draws: PairedDraws = field(default_factory=dict)

    @property
    def result(self) -> TaskResult:
        return self.entry.result

    @property
    def name(self) -> str:
        return self.submission.card.name

    @property
    def compared_by(self) -> PairedDraws:
        """A control competes with nobody."""
        return {} if self.submission.is_control else self.draws


@dataclass(frozen=True)
class Row:
    """A student's row. `gate` is why it is marked weak, empty for a valid student. badge: how far it was run again.
    rank: by the headline, blank where the table has none."""

    name: str
    method: str
    folder: str
    is_reference: bool
    is_control: bool
    badge: Badge
    badge_meaning: str
    gate: str
    rank: Cell
    size: Cell
    scores: tuple[Cell, ...]
    speed: Cell


@dataclass(frozen=True)
class Title:
    """Of a column of scores; scale: what its values lie between, where that is known."""

    text: str
    scale: str = ""


@dataclass(frozen=True)
class MethodsTable:
    """A track by method, over seeds. titles: of the cells. rows: the row of the first seed under the method's name, how
    many seeds there are, and a cell a score."""

    titles: tuple[Title, ...]
    rows: tuple[tuple[Row, MethodRow], ...]

    def part(self, rows: int, scores: int) -> MethodsTable:
        """Its first rows and scores."""
        kept = tuple((row, replace(method, cells=method.cells[:scores])) for row, method in self.rows[:rows])
        return MethodsTable(self.titles[:scores], kept)

    def drawn(self) -> list[Drawn]:
        """The methods as the pictures show them."""
        return [Drawn(row.name, method.estimates, bool(row.gate), row.is_control) for row, method in self.rows]


@dataclass(frozen=True)
class SliceTable:
    """Scores on parts of the split. Columns are (part, score) pairs; the whole split stands in the track's table."""

    headers: tuple[tuple[str, Column], ...]
    rows: tuple[tuple[Row, tuple[Cell, ...]], ...]


@dataclass(frozen=True)
class Table:
    """A track, or some of its rows. standing: why they are in no rank. teacher_row: a cell for every column. methods:
    the track by method, where one has several seeds."""

    anchor: str
    task_title: str
    teacher: ModelRecord | None
    teacher_words: str
    protocol: str
    examples: str
    standing: tuple[str, ...]
    columns: tuple[Column, ...]
    teacher_row: tuple[Cell, ...]
    rows: tuple[Row, ...]
    methods: MethodsTable | None
    alignment: AlignmentTable | None
    faithfulness: FaithfulnessTable | None
    robustness: RobustnessTable | None
    slices: SliceTable | None
    plots: tuple[Plot, ...]
    notes: tuple[str, ...]

    @property
    def ranked(self) -> bool:
        return any(row.rank.text for row in self.rows)

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Titles of neighbouring columns of one group, with how many there are."""
        found: list[tuple[str, int]] = []
        for column in self.columns:
            title, count = found.pop() if found and found[-1][0] == column.group_title else (column.group_title, 0)
            found.append((title, count + 1))
        return found


def track_key(result: TaskResult) -> tuple[str, ...]:
    """Rows with one key stand in one table. A track alone is a claim, so what it stands for is in the key too."""
    if result.teacher is None or result.track is None:
        return (result.task.fingerprint,)
    return (result.task.fingerprint, result.teacher.hash, result.protocol.hash, result.track)


def tracks_of(rows: Sequence[Measured]) -> list[list[Measured]]:
    """The rows of one task by track: teachers first, then those without one; where most stand, first."""
    tracks: dict[tuple[str, ...], list[Measured]] = {}
    for row in rows:
        tracks.setdefault(track_key(row.result), []).append(row)

    def place(key: tuple[str, ...]) -> tuple[bool, int, str, tuple[str, ...]]:
        members = tracks[key]
        return len(key) == 1, -len(members), members[0].result.protocol.name, key

    return [tracks[key] for key in sorted(tracks, key=place)]


def in_headline_order(facts: TaskFacts, rows: Sequence[Measured], metrics: Mapping[str, MetricCard]) -> list[Measured]:
    """Best headline first, rows without one last, equals by name."""
    card = metrics.get(facts.headline)
    sign = 1.0 if card is not None and card.direction == "lower" else -1.0

    def place(row: Measured) -> tuple[float, str, str]:
        score = row.result.scores.get(facts.headline)
        return inf if score is None or score.value is None else sign * score.value, row.name, row.submission.name

    return sorted(rows, key=place)


def student_row(
    row: Measured,
    columns: Sequence[Column],
    teacher: ModelRecord | None,
    badge: Badge,
    places: Mapping[str, Place],
) -> Row:
    result = row.result
    headline = next((column.key for column in columns if column.is_headline), "")
    return Row(
        name=row.name,
        method=row.submission.card.method,
        folder=row.submission.name,
        is_reference=row.submission.is_reference,
        is_control=row.submission.is_control,
        badge=badge,
        badge_meaning=MEANING[badge],
        gate=cells.gate_words(result.failed_gate("student")),
        rank=cells.rank_cell(places.get(headline), result.student.parameters),
        size=cells.size_cell(result.student, teacher),
        scores=tuple(
            cells.with_place(
                cells.score_cell(result.scores.get(column.key)),
                None if column.is_headline else places.get(column.key),
            )
            for column in columns
        ),
        speed=cells.speed_cell(row.entry.run),
    )


def teacher_score(result: TaskResult, column: Column) -> Cell:
    if column.of_pair:
        return BLANK
    return cells.score_cell(result.scores.get(f"teacher.{column.key}"))


def slice_table(
    facts: TaskFacts, ordered: Sequence[Measured], rows: Sequence[Row], columns: Sequence[Column]
) -> SliceTable | None:
    """Headline, and agreement where there is a teacher, on each part of the split."""
    held = {name for row in ordered for name, scores in row.result.slices.items() if facts.headline in scores}
    parts = [name for name in facts.slices if name in held] + sorted(held - set(facts.slices))
    axis = agreement_axis(columns, [row.result for row in ordered])
    shown = [column for column in columns if column.is_headline] + ([axis] if axis else [])
    if not parts or not shown:
        return None

    places = [(part, column) for part in parts for column in shown]
    return SliceTable(
        headers=tuple((facts.slices.get(part, part), column) for part, column in places),
        rows=tuple(
            (
                row,
                tuple(
                    cells.score_cell(measured.result.slices.get(part, {}).get(column.key)) for part, column in places
                ),
            )
            for measured, row in zip(ordered, rows, strict=True)
        ),
    )


def standing_of(facts: TaskFacts, first: TaskResult, official_teachers: Collection[str]) -> tuple[str, ...]:
    """Why these rows are in no rank, or how they are ordered."""
    reasons = []
    if first.teacher is None or first.track is None:
        reasons.append("no teacher was given, so there is nothing to agree with")
    elif first.teacher.hash not in official_teachers:
        reasons.append("the teacher is not one of the pinned official ones")
    if doubt := facts.doubt(first):
        reasons.append(doubt)
    if facts.registered and not facts.ranked:
        reasons.append(facts.ranked_note or "the task is not ranked")
    return tuple(reasons)


def agreeing_teacher(rows: Sequence[Measured], columns: Sequence[Column]) -> bool:
    """Whether all rows of a track give the teacher the same scores, as they must."""
    seen = {tuple(teacher_score(row.result, column) for column in columns if not column.of_pair) for row in rows}
    return len(seen) <= 1


def notes_of(rows: Sequence[Measured], columns: Sequence[Column], metrics: Mapping[str, MetricCard]) -> tuple[str, ...]:
    """What a reader must know of single rows: gates, warnings of the evaluation, scores without a card."""
    notes = []
    if not agreeing_teacher(rows, columns):
        notes.append("The entries do not agree on the teacher's own scores; the teacher's row is the first entry's.")
    for row in rows:
        notes += [f"{row.name}: {warning}" for warning in row.result.warnings]
    if unknown := unknown_scores([row.result for row in rows], metrics):
        notes.append(f"Not shown, for want of a metric card: {', '.join(unknown)}.")
    return tuple(notes)


def protocols_of(rows: Sequence[Measured]) -> str:
    found = sorted({f"{row.result.protocol.name} v{row.result.protocol.version}" for row in rows})
    return ", ".join(found)


def teacher_words(result: TaskResult) -> str:
    """Why the teacher is invalid, or nothing."""
    return cells.gate_words(result.failed_gate("teacher"))


class Track:
    """The rows of one track in the order of the headline, their columns and their places.

    Places are only given where `standing` has nothing against it: among rows of one class of sizes, by the headline, by
    agreement and by the cosine of each explainer.
    """

    def __init__(
        self,
        anchor: str,
        facts: TaskFacts,
        rows: Sequence[Measured],
        metrics: Mapping[str, MetricCard],
        official_teachers: Collection[str],
    ) -> None:
        self.anchor, self.facts, self.metrics = anchor, facts, metrics
        self.rows = in_headline_order(facts, rows, metrics)
        results = [row.result for row in self.rows]
        self.first = results[0]
        self.teacher = self.first.teacher if self.first.track is not None else None
        self.columns = columns_of(facts, results, metrics, with_teacher=self.teacher is not None)
        self.standing = standing_of(facts, self.first, official_teachers)
        scores = list(dict.fromkeys(name for row in self.rows for name in row.draws))
        self.lower = frozenset(name for name in scores if name in metrics and metrics[name].direction == "lower")
        ranked = [] if self.standing else scores
        self.places = places([(row.result, row.compared_by) for row in self.rows], ranked, self.lower)

    def table(
        self, badges: Mapping[tuple[str, str], Badge], start: int = 0, stop: int | None = None, *, curves: bool = True
    ) -> Table:
        """The table of rows from `start` to before `stop`. badges: (entry, task) → how far it was run again."""
        facts, metrics, teacher, columns = self.facts, self.metrics, self.teacher, self.columns
        some, places_of_some = self.rows[start:stop], self.places[start:stop]
        rows = tuple(
            student_row(row, columns, teacher, badges.get((row.submission.name, facts.name), "recorded"), own)
            for row, own in zip(some, places_of_some, strict=True)
        )
        named = [(row.name, row.result) for row in some]
        methods = self.methods(badges) if start == 0 else None
        shown = methods.drawn() if methods else [drawn(row.name, row.result, row.submission.is_control) for row in some]
        results = [row.result for row in some]
        alignment = alignment_table(facts.title, named, metrics, places_of_some) if teacher is not None else None
        part = f"; rows {start + 1} to {start + len(some)} of {len(self.rows)}" if len(some) < len(self.rows) else ""
        return Table(
            anchor=self.anchor,
            task_title=facts.title,
            teacher=teacher,
            teacher_words=teacher_words(self.first) if teacher is not None else "",
            protocol=protocols_of(some),
            examples=f"{self.first.task.rows:,} examples of {self.first.task.split}{part}",
            standing=self.standing,
            columns=columns,
            teacher_row=tuple(teacher_score(self.first, column) for column in columns) if teacher is not None else (),
            rows=rows,
            methods=methods,
            alignment=alignment,
            faithfulness=faithfulness_table(named, metrics, curves=curves) if teacher is not None else None,
            robustness=robustness_table(facts.title, named, metrics) if teacher is not None else None,
            slices=slice_table(facts, some, rows, columns),
            plots=plots_of(facts.title, shown, results, columns, metrics) if teacher is not None else (),
            notes=(*notes_of(some, columns, metrics), *(alignment.notes if alignment else ())),
        )

    @property
    def answers(self) -> list[Column]:
        """The columns that stand for all of the student's answers: headline, and agreement where there is any."""
        axis = agreement_axis(self.columns, [row.result for row in self.rows])
        return [column for column in self.columns if column.is_headline] + ([axis] if axis else [])

    @property
    def explained_by(self) -> list[str]:
        """The explainers whose cosines the rows hold."""
        explained = [row.result.explanations for row in self.rows if row.result.explanations]
        return in_reading_order({key for one in explained for key in one.explainers})

    def cosine_title(self, key: str) -> Title:
        """Of the column of an explainer's cosines."""
        title = f"{self.metrics[HEADLINE].title}, {explainer_title(key)}"
        students = [row.result for row in self.rows if not row.submission.is_control]
        return Title(title, scale_words(students, key))

    def methods(self, badges: Mapping[tuple[str, str], Badge]) -> MethodsTable | None:
        """The track by method, over seeds; None where no method has several."""
        trained = [Trained(row.submission.name, row.result, row.compared_by) for row in self.rows]
        if self.teacher is None or not has_seeds(trained):
            return None
        scores = {column.key: Title(column.title) for column in self.answers}
        if HEADLINE in self.metrics:
            scores |= {f"{HEADLINE}.{key}": self.cosine_title(key) for key in self.explained_by}
        by_name = {row.submission.name: row for row in self.rows}
        rows = []
        for method in method_rows(trained, list(scores), self.lower, ranked=not self.standing):
            members = [by_name[entry] for entry in method.entries]
            found = [badges.get((row.submission.name, self.facts.name), "recorded") for row in members]
            badge = min(found, key=("recorded", "audited", "reproduced").index)
            first = student_row(members[0], (), self.teacher, badge, {})
            weak = next(filter(None, (row.result.failed_gate("student") for row in members)), None)
            rows.append((replace(first, gate=cells.gate_words(weak)), method))
        return MethodsTable(tuple(scores.values()), tuple(rows))
