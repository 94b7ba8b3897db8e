"""The board as files: a track as CSV, JSON and a LaTeX table, the entries' citations, a badge for each entry."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from xkd_bench.leaderboard.cells import BLANK, score_cell
from xkd_bench.leaderboard.columns import Column
from xkd_bench.leaderboard.facts import TaskFacts
from xkd_bench.leaderboard.tables.track import Measured
from xkd_bench.records.audits import Badge
from xkd_bench.records.schema import TaskResult
from xkd_bench.records.submission import Submission

ABOUT = ("entry", "name", "method", "badge", "task", "protocol", "track", "teacher", "student", "parameters")
# Scores with parts that a track's file holds beside the columns of its table; all others stand in the records.
WITH_PARTS = ("centred_cosine", "coalition_fidelity", "drop_most_first", "kept_least_first", "flip_kappa", "flip_rate")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what makes a spreadsheet compute a cell
SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "−": "$-$", "κ": r"$\kappa$", "×": r"$\times$",
    "<": r"\textless{}", ">": r"\textgreater{}", "↑": r"$\uparrow$", "↓": r"$\downarrow$", "–": "--", "…": r"\dots{}",
}  # fmt: skip


@dataclass(frozen=True)
class TrackRows:
    """All rows of a track in its order, and the columns of its table."""

    anchor: str
    columns: Sequence[Column]
    rows: Sequence[Measured]

    @cached_property
    def scores(self) -> list[str]:
        """Names of the scores the files hold: the table's columns, then those with parts as the records name them."""
        held = list(dict.fromkeys(name for row in self.rows for name in row.result.scores))
        shown = [column.key for column in self.columns]
        return [*shown, *(name for name in held if name.partition(".")[0] in WITH_PARTS and name not in shown)]


def about(row: Measured, badge: Badge) -> dict[str, str | int | None]:
    result = row.result
    return {
        "entry": row.submission.name,
        "name": row.submission.card.name,
        "method": row.submission.card.method,
        "badge": badge,
        "task": result.task.name,
        "protocol": f"{result.protocol.name} v{result.protocol.version}",
        "track": result.track,
        "teacher": result.teacher.hash if result.teacher else None,
        "student": result.student.hash,
        "parameters": result.student.parameters,
    }


def as_csv(track: TrackRows, badges: Mapping[tuple[str, str], Badge]) -> bytes:
    """A line an entry, three columns a score: value, lower and upper end of its interval; empty where undefined.

    Text that a spreadsheet would compute is quoted by an apostrophe, as spreadsheets read it.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*ABOUT, *(f"{name}{end}" for name in track.scores for end in ("", ".low", ".high"))])
    for row in track.rows:
        told = about(row, badges[row.submission.name, row.result.task.name])
        numbers: list[float | None] = []
        for name in track.scores:
            score = row.result.scores.get(name)
            numbers += [None] * 3 if score is None else [score.value, score.low, score.high]
        writer.writerow([*(_harmless(told[name]) for name in ABOUT), *numbers])
    return text.getvalue().encode()


def as_json(track: TrackRows, badges: Mapping[tuple[str, str], Badge]) -> bytes:
    """The same with n, status and reason; a line an entry."""
    rows = [
        {
            **about(row, badges[row.submission.name, row.result.task.name]),
            "scores": {name: dict(score) for name in track.scores if (score := row.result.scores.get(name))},
        }
        for row in track.rows
    ]
    lines = ",\n".join(json.dumps(row, sort_keys=True, ensure_ascii=False, allow_nan=False) for row in rows)
    return f'{{"schema_version": 1, "rows": [\n{lines}\n]}}\n'.encode()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def latex(text: str) -> str:
    """Plain text as LaTeX prints it: nothing of a stranger's is a command."""
    return "".join(SPECIAL.get(character, character) for character in text)


def latex_table(track: TrackRows) -> bytes:
    """The first columns of a track as a booktabs table: headline and agreement, with their intervals."""
    shown = [column for column in track.columns if column.is_headline or column.group == "agreement"][:4]
    first = track.rows[0].result
    told = f"{first.task.title}, protocol {first.protocol.name} v{first.protocol.version}, {first.task.rows:,} examples"
    lines = [
        "% \\usepackage{booktabs}",
        f"% {re.sub(r'[^ -~]', '?', told)} of {re.sub(r'[^ -~]', '?', first.task.split)}; 95 % intervals",
        f"\\begin{{tabular}}{{l{'r' * len(shown)}}}",
        "\\toprule",
        " & ".join(["Entry", *(latex(column.title) for column in shown)]) + r" \\",
        "\\midrule",
    ]
    if first.teacher is not None and first.track is not None:
        names = [None if column.of_pair else f"teacher.{column.key}" for column in shown]
        lines += [_latex_row("Teacher", first, names), "\\midrule"]
    lines += [_latex_row(row.name, row.result, [column.key for column in shown]) for row in track.rows]
    return ("\n".join([*lines, "\\bottomrule", "\\end{tabular}"]) + "\n").encode()


def _latex_row(name: str, result: TaskResult, scores: Sequence[str | None]) -> str:
    found = [latex(name)]
    for score in scores:
        cell = BLANK if score is None else score_cell(result.scores.get(score))
        found.append(latex(cell.text) + (f" {{\\scriptsize {latex(cell.small)}}}" if cell.small else ""))
    return " & ".join(found) + r" \\"


def bibliography(submissions: Sequence[Submission]) -> bytes:
    """The citations of the entries, each once."""
    found = dict.fromkeys(submission.card.citation.strip() for submission in submissions)
    return ("\n\n".join(one for one in found if one) + "\n").encode()


def track_files(track: TrackRows, badges: Mapping[tuple[str, str], Badge]) -> dict[str, bytes]:
    """Path inside the site → contents."""
    place = f"data/{track.anchor}"
    return {
        f"{place}.csv": as_csv(track, badges),
        f"{place}.json": as_json(track, badges),
        f"{place}.tex": latex_table(track),
    }


def badge_words(submission: Submission, facts: Mapping[str, TaskFacts]) -> str:
    """What an entry's badge says: agreement and reasons on its first task."""
    first = next(iter(submission.tasks.values()))
    scores, parts = first.result.scores, []
    for name, words in (("kappa", "κ"), ("teacher_student_pearson", "r"), ("centred_cosine.lime", "LIME")):
        score = scores.get(name)
        if score is not None and score.value is not None:
            parts.append(f"{words} {score.value:.2f}")
    return f"{facts[first.result.task.name].title}: {', '.join(parts[:3]) or 'no agreement'}"


def badge_svg(words: str, badge: Badge) -> bytes:
    """A small picture for a README: the board's name, what was measured, how far it was run again."""
    left, right = "xkd-bench", f"{words} · {badge}"
    widths = [round(6.6 * len(part) + 14) for part in (left, right)]
    total = sum(widths)
    title = _escaped(f"{left}: {right}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="22" role="img" aria-label="{title}">'
        f"<title>{title}</title>"
        f'<rect width="{total}" height="22" rx="4" fill="#0b5a9c"/>'
        f'<path d="M4 0h{widths[0] - 4}v22h-{widths[0] - 4}a4 4 0 0 1 -4 -4v-14a4 4 0 0 1 4 -4z" fill="#1a1d21"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{widths[0] / 2:g}" y="15">{left}</text>'
        f'<text x="{widths[0] + widths[1] / 2:g}" y="15">{_escaped(right)}</text></g></svg>\n'
    ).encode()


def _escaped(text: str) -> str:
    from markupsafe import escape

    return str(escape(text))
