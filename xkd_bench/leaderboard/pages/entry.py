"""An entry's own page: what it is, how it was made, what was measured on each task, what it cost, who ran it again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from xkd_bench.explainers import registry as explainers
from xkd_bench.leaderboard import cells
from xkd_bench.leaderboard.cells import BLANK, Cell
from xkd_bench.leaderboard.facts import TaskFacts
from xkd_bench.leaderboard.plots.curves import CurvesPlot
from xkd_bench.leaderboard.plots.standings import StandingsPlot
from xkd_bench.leaderboard.tables.alignment import alignment_table
from xkd_bench.leaderboard.tables.curves import curves_plot
from xkd_bench.leaderboard.tables.distributions import Distributions, distributions
from xkd_bench.leaderboard.tables.robustness import robustness_table
from xkd_bench.metrics.contract import MetricCard
from xkd_bench.metrics.reading_order import GROUPS, in_reading_order
from xkd_bench.perturbations import registry as perturbations
from xkd_bench.records.audits import MEANING, AuditRecord, Badge
from xkd_bench.records.fills import FILLS
from xkd_bench.records.lineage import trained_to_agree
from xkd_bench.records.schema import LineageRecord, ModelRecord, RunRecord, TaskResult
from xkd_bench.records.submission import Submission, TaskEntry, file_hash

Facts = tuple[tuple[str, str], ...]  # term and what stands for it


@dataclass(frozen=True)
class ScoreLine:
    """A score of one model or of the pair, in each of a table's columns. of: whose it is where that has to be said."""

    metric: str
    title: str
    of: str
    summary: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class ScoreTable:
    """anchor: of its heading, unique on the page. columns: student and teacher, or the explainers or perturbations."""

    anchor: str
    title: str
    columns: tuple[str, ...]
    lines: tuple[ScoreLine, ...]


@dataclass(frozen=True)
class Verified:
    """What a maintainer ran again. compared: what, numbers, how many equal, largest difference."""

    badge: Badge
    meaning: str
    told: str
    compared: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True)
class EntryTask:
    """One record. models: terms → (student, teacher)."""

    anchor: str
    facts: TaskFacts
    headline: str
    under: str
    verified: Verified
    models: tuple[tuple[str, str, str], ...]
    lineage: Facts
    settings: Facts
    cost: Facts
    provenance: Facts
    warnings: tuple[str, ...]
    tables: tuple[ScoreTable, ...]
    plot: StandingsPlot | None
    robustness: StandingsPlot | None
    distributions: Distributions | None
    curves: CurvesPlot | None


@dataclass(frozen=True)
class EntryPage:
    """path: inside the site."""

    path: str
    submission: Submission
    links: tuple[tuple[str, str], ...]
    tasks: tuple[EntryTask, ...]


def entry_page(
    path: str,
    submission: Submission,
    facts: Mapping[str, TaskFacts],
    metrics: Mapping[str, MetricCard],
    audits: Mapping[str, AuditRecord],
    explored: Collection[str] = (),
) -> EntryPage:
    """audits: task → what was run again of its record as it is now. explored: tasks that have a page example by
    example, which holds the cosines of single examples as well."""
    links = submission.card.links
    return EntryPage(
        path=path,
        submission=submission,
        links=tuple((label, address) for label, address in links.items() if address.startswith("https://")),
        tasks=tuple(
            entry_task(
                f"task-{place}",
                submission.card.name,
                facts[name],
                entry,
                metrics,
                audits.get(name),
                explored=name in explored,
            )
            for place, (name, entry) in enumerate(submission.tasks.items())
        ),
    )


def entry_task(
    anchor: str,
    name: str,
    facts: TaskFacts,
    entry: TaskEntry,
    metrics: Mapping[str, MetricCard],
    audit: AuditRecord | None,
    *,
    explored: bool,
) -> EntryTask:
    result = entry.result
    headline = cells.score_cell(result.scores.get(facts.headline))
    card = metrics.get(facts.headline)
    alignment = alignment_table(facts.title, [(name, result)], metrics) if result.teacher is not None else None
    perturbed = robustness_table(facts.title, [(name, result)], metrics) if result.teacher is not None else None
    aimed = trained_to_agree(result.lineage, explainers.title)
    return EntryTask(
        anchor=anchor,
        facts=facts,
        headline=f"{card.title if card else facts.headline} {headline.text} {headline.small}".strip(),
        under=f"protocol {result.protocol.name} v{result.protocol.version}; "
        f"{result.task.rows:,} examples of {result.task.split}",
        verified=verified(audit),
        models=_models(result),
        lineage=_lineage(result.lineage),
        settings=_settings(result.lineage),
        cost=_cost(entry.run),
        provenance=_provenance(entry),
        warnings=(*result.warnings, *([f"{aimed}."] if aimed else [])),
        tables=score_tables(anchor, result, metrics),
        plot=alignment.plot if alignment else None,
        robustness=perturbed.plot if perturbed else None,
        distributions=None if explored else distributions(name, result),
        curves=curves_plot(name, result),
    )


def verified(audit: AuditRecord | None) -> Verified:
    if audit is None:
        return Verified("recorded", MEANING["recorded"], "", ())
    told = f"{audit.date}, on {audit.device}, xkd-bench {audit.xkd_bench}"
    if audit.badge == "audited":
        told += f"; {audit.examples} examples drawn with seed {audit.seed}"
    rows = tuple(
        (one.what, f"{one.numbers:,}", f"{one.equal:,}", f"{one.largest:.1e}" if one.largest else "0")
        for one in audit.compared
    )
    return Verified(audit.badge, MEANING[audit.badge], told, rows)


WHOSE = {"": "", "teacher.": "teacher", "transfer.": "student, by the teacher’s explanation"}


def score_tables(anchor: str, result: TaskResult, metrics: Mapping[str, MetricCard]) -> tuple[ScoreTable, ...]:
    """Every score of a record that has a card, in reading order: of each group those without parts, then the others."""
    found = []
    for group, title in GROUPS.items():
        cards = [card for card in in_reading_order(metrics) if card.group == group]
        parts = {card.name: _parts(card.name, result) for card in cards}
        plain = [_plain_line(card, result) for card in cards if parts[card.name] == [""]]
        if plain:
            columns = ("Student", "Teacher") if any(line.cells[1] is not BLANK for line in plain) else ("Student",)
            lines = tuple(replace(line, cells=line.cells[: len(columns)]) for line in plain)
            found.append(ScoreTable(f"{anchor}-{group}", title, columns, lines))
        held = {part for names in parts.values() for part in names}
        names = [*explainers.in_reading_order(held & _explained(result)), *sorted(held - _explained(result) - {""})]
        lines = tuple(
            line
            for card in cards
            if parts[card.name] not in ([], [""])
            for prefix in WHOSE
            if (line := _line_of_parts(card, prefix, names, result)) is not None
        )
        if lines:
            heading = title if not plain else f"{title}, by {'explainer' if held & _explained(result) else 'part'}"
            found.append(ScoreTable(f"{anchor}-{group}-parts", heading, tuple(map(_part_title, names)), lines))
    return tuple(found)


def _plain_line(card: MetricCard, result: TaskResult) -> ScoreLine:
    student, teacher = (result.scores.get(f"{prefix}{card.name}") for prefix in ("", "teacher."))
    cell = BLANK if teacher is None else cells.score_cell(teacher)
    return ScoreLine(card.name, card.title, "", card.summary, (cells.score_cell(student), cell))


def _line_of_parts(card: MetricCard, prefix: str, names: Sequence[str], result: TaskResult) -> ScoreLine | None:
    scores = [result.scores.get(f"{prefix}{card.name}.{name}" if name else f"{prefix}{card.name}") for name in names]
    if all(score is None for score in scores):
        return None
    shown = tuple(BLANK if score is None else cells.score_cell(score) for score in scores)
    return ScoreLine(card.name, card.title, WHOSE[prefix], card.summary, shown)


def _explained(result: TaskResult) -> set[str]:
    """Keys of the explainers of a record."""
    return set(result.explanations.explainers) if result.explanations else set()


def _parts(metric: str, result: TaskResult) -> list[str]:
    """The explainers or perturbations a metric was measured with; the empty string for a score without parts."""
    found = []
    for name in result.scores:
        plain = name.removeprefix("teacher.").removeprefix("transfer.")
        own, _, part = plain.partition(".")
        if own == metric:
            found.append(part)
    return list(dict.fromkeys(found))


def _part_title(part: str) -> str:
    """An explainer's title, a perturbation's, or that of a fill."""
    name = part.partition(".")[0]
    if name in explainers.cards():
        return explainers.title(part)
    return perturbations.title(part) if name in perturbations.cards() else FILLS.get(part, part)


def _models(result: TaskResult) -> tuple[tuple[str, str, str], ...]:
    def of(model: ModelRecord | None) -> tuple[str, str, str, str, str]:
        if model is None:
            return ("", "", "", "", "")
        blocks = "" if model.blocks is None else str(model.blocks)
        return model.architecture, blocks, f"{model.parameters:,}", f"{model.bytes:,}", model.hash

    terms = ("architecture", "blocks", "parameters", "bytes", "checkpoint")
    rows = tuple(zip(terms, of(result.student), of(result.teacher), strict=True))
    return (*rows, ("gate", _gate(result, "student"), _gate(result, "teacher")))


def _gate(result: TaskResult, role: str) -> str:
    gate = {str(name): one for name, one in result.gate.items()}.get(role)
    if gate is None:
        return ""
    return "valid" if gate.status == "valid" else f"{gate.status}: {cells.gate_words(gate)}"


def _lineage(lineage: LineageRecord | None) -> Facts:
    """How it says it was made. Claims: nothing of it can be read off the weights."""
    if lineage is None:
        return ()
    blocks = "" if lineage.layers is None else f", its blocks {', '.join(map(str, lineage.layers))}"
    found = [
        ("method", lineage.method),
        ("trained on", f"{lineage.train_rows:,} examples of {lineage.task}, {lineage.train_split}"),
        ("started from", f"{lineage.student_start}{blocks}"),
        ("teacher", lineage.teacher or "none"),
        ("updates", f"{lineage.updates:,}, seed {lineage.seed}"),
        ("augmentation", ", ".join(lineage.augmentation)),
        ("masked inputs", "yes" if lineage.masks_inputs else ""),
        ("trained on the explanations", ", ".join(map(explainers.title, lineage.trained_on_explainers))),
        ("made with", _versions({"xkd-bench": lineage.xkd_bench, **lineage.libraries})),
    ]
    return tuple((term, text) for term, text in found if text)


def _settings(lineage: LineageRecord | None) -> Facts:
    if lineage is None:
        return ()
    pairs: list[tuple[str, object]] = [*lineage.settings.items(), *lineage.training.items()]
    return tuple((name, _shown(value)) for name, value in pairs)


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _cost(run: RunRecord | None) -> Facts:
    if run is None:
        return ()
    forwards = ", ".join(f"{role.replace('_', ' ')} {count:,}" for role, count in run.forwards.items())
    memory = "" if run.peak_memory_bytes is None else f"{run.peak_memory_bytes / 1e9:.2f} GB"
    speed = cells.speed_cell(run)
    found = [
        ("evaluated in", f"{run.seconds:,.0f} s"),
        ("forward passes", forwards),
        ("most memory held", memory),
        ("device", f"{run.device}, {run.threads} thread{'' if run.threads == 1 else 's'}"),
        ("speed", f"{speed.text} the teacher's" if speed.sort else ""),
        ("started", run.started),
    ]
    return tuple((term, text) for term, text in found if text)


def _provenance(entry: TaskEntry) -> Facts:
    result = entry.result
    tables: Sequence[tuple[str, str]] = [(result.examples.name, result.examples.sha256)]
    tables = [
        *tables,
        *(
            (part.table.name, part.table.sha256)
            for part in (result.explanations, result.faithfulness, result.robustness)
            if part is not None
        ),
    ]
    libraries = result.provenance.get("libraries")
    return (
        ("record.json", file_hash(entry.folder / "record.json")),
        *tables,
        ("rows of the task", result.task.fingerprint),
        ("track", result.track or "none"),
        ("measured with", _versions(libraries if isinstance(libraries, dict) else {})),
    )


def _versions(libraries: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {version}" for name, version in libraries.items())
