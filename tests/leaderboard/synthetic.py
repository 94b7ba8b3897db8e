"""Made-up submissions on disk: every kind of cell, gate and text a board must be able to show."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from xkd_bench.metrics.contract import MetricCard
from xkd_bench.tasks.registry import find_task

CLASSIFICATION = ("classification",)
REGRESSION = ("regression",)
SCRIPT = "<script>alert('κ')</script>"


def card(
    name: str, title: str, group: str, subject: str, kinds: tuple[str, ...], direction: str = "higher"
) -> MetricCard:
    return MetricCard(
        name=name,
        title=title,
        summary=f"What {title} says.",
        group=group,  # type: ignore[arg-type]
        subject=subject,  # type: ignore[arg-type]
        kinds=kinds,  # type: ignore[arg-type]
        direction=direction,  # type: ignore[arg-type]
        range=(-1.0, 1.0),
        formula=f"formula of {name} < 1",
        citation="Nobody (2026). Nothing.",
        on_regression="undefined" if name == "kappa" else "omit",
    )


METRICS: dict[str, MetricCard] = {
    one.name: one
    for one in (
        card("accuracy", "Accuracy", "quality", "model", CLASSIFICATION),
        card("agreement", "Top-1 agreement", "agreement", "pair", CLASSIFICATION),
        card("calibration_gap", "Calibration gap", "calibration", "pair", CLASSIFICATION, "none"),
        card("error_consistency", "Error consistency", "agreement", "pair", CLASSIFICATION),
        card(
            "expected_calibration_error", "Expected calibration error", "calibration", "model", CLASSIFICATION, "lower"
        ),
        card("kappa", "Cohen's κ", "agreement", "pair", CLASSIFICATION),
        card("kappa_independent", "κ if errors were independent", "agreement", "pair", CLASSIFICATION, "none"),
        card("mcc", "Matthews correlation", "quality", "model", CLASSIFICATION),
        card("negative_transfer", "Negative transfer", "agreement", "pair", CLASSIFICATION, "none"),
        card("pearson", "Pearson correlation", "quality", "model", REGRESSION),
        card("spearman", "Spearman correlation", "quality", "model", REGRESSION),
        card("teacher_student_pearson", "Pearson correlation with the teacher", "agreement", "pair", REGRESSION),
    )
}


def sha(*parts: object) -> str:
    return f"sha256:{hashlib.sha256(repr(parts).encode()).hexdigest()}"


def score(value: float | None, reason: str | None = None, *, n: int = 1000, width: float = 0.04) -> dict[str, Any]:
    if value is None:
        return {"value": None, "low": None, "high": None, "n": 0, "status": "undefined", "reason": reason}
    return {
        "value": value,
        "low": round(value - width, 6),
        "high": round(value + width, 6),
        "n": n,
        "status": "flagged" if reason else "ok",
        "reason": reason,
    }


def model(
    name: str, blocks: int | None, parameters: int, architecture: str = "BertForSequenceClassification"
) -> dict[str, Any]:
    return {
        "hash": sha("model", name),
        "architecture": architecture,
        "parameters": parameters,
        "bytes": parameters * 4,
        "blocks": blocks,
    }


def gate(
    status: str = "valid", *, kind: str = "mcc", reason: str | None = None, low: float | None = 0.4
) -> dict[str, Any]:
    return {
        "status": status,
        "score": kind,
        "low": low,
        "largest_class_share": None if kind == "spearman" else 0.7,
        "majority_score": None if kind == "spearman" else 0.69,
        "reason": reason,
    }


TEACHER = model("teacher", 6, 22_700_000)
TEACHER_HASH = TEACHER["hash"]


def teacher_scores(kind: str, level: float) -> dict[str, Any]:
    names = ("spearman", "pearson") if kind == "regression" else ("mcc", "accuracy", "expected_calibration_error")
    values = (level, level + 0.01) if kind == "regression" else (level, 0.6 + level / 3, 0.06)
    return {f"teacher.{name}": score(value) for name, value in zip(names, values, strict=True)}


def student_scores(kind: str, level: float, follow: float | None, reason: str | None) -> dict[str, Any]:
    """level: how good the student is; follow: its κ (or correlation) with the teacher, None with the reason why not."""
    if kind == "regression":
        return {
            "spearman": score(level),
            "pearson": score(level + 0.01),
            "kappa": score(None, "regression"),
            "teacher_student_pearson": score(follow, None if follow is not None else reason),
        }
    agreement = {
        "kappa": follow,
        "kappa_independent": None if follow is None else follow / 6,
        "agreement": None if follow is None else 0.5 + follow / 2,
        "negative_transfer": None if follow is None else follow - 0.4,
        "error_consistency": None if follow is None else follow - 0.1,
        "calibration_gap": None if follow is None else 0.02,
    }
    return {
        "mcc": score(level, reason if follow is not None else None),
        "accuracy": score(0.6 + level / 3),
        "expected_calibration_error": score(0.08),
        **{name: score(value, reason) for name, value in agreement.items()},
    }


def on_part(scores: dict[str, Any], lower: float) -> dict[str, Any]:
    """The same scores on a slice, each of them `lower` by that much."""
    return {
        name: score(None if one["value"] is None else one["value"] - lower, one["reason"], n=500)
        for name, one in scores.items()
    }


def record(
    task_name: str,
    *,
    student: str,
    level: float,
    follow: float | None,
    reason: str | None = None,
    blocks: int = 3,
    with_teacher: bool = True,
    teacher: dict[str, Any] = TEACHER,
    teacher_level: float = 0.62,
    gates: dict[str, Any] | None = None,
    warnings: tuple[str, ...] = (),
    protocol: str = "quick",
) -> dict[str, Any]:
    """A `record.json` on the official rows of a registered task."""
    task = find_task(task_name).card
    rows = task.data.fingerprints.get(task.data.evaluation, sha("rows", task.name))
    scores = student_scores(task.kind, level, follow, reason)
    if with_teacher:
        scores |= teacher_scores(task.kind, teacher_level)
    kind = "spearman" if task.kind == "regression" else "mcc"
    own = {name: value for name, value in scores.items() if not name.startswith("teacher.")}
    parts = {name: on_part(own, 0.03 * place) for place, name in enumerate(task.slices)}
    return {
        "schema_version": 1,
        "task": {
            "name": task.name,
            "title": task.title,
            "kind": task.kind,
            "headline": task.headline,
            "split": task.data.evaluation,
            "rows": 1043,
            "fingerprint": rows,
            "pinned": True,
        },
        "protocol": {"name": protocol, "version": 1, "hash": sha("protocol", protocol)},
        "track": sha(rows, teacher["hash"], protocol) if with_teacher else None,
        "student": model(student, blocks, 11_900_000 + 1_770_000 * blocks),
        "teacher": teacher if with_teacher else None,
        "lineage": None,
        "gate": gates or {"student": gate(kind=kind), "teacher": gate(kind=kind)},
        "scores": scores,
        "slices": parts,
        "warnings": list(warnings),
        "examples": {"name": "examples.parquet", "sha256": sha("examples", student, task_name), "rows": 1043},
        "provenance": {},
    }


def run(ratio: float | None = 1.9) -> dict[str, Any]:
    speed = {"student": 702.4, "teacher": 369.7, "ratio": ratio, "examples": 256, "rounds": 5, "note": ""}
    return {
        "schema_version": 1,
        "started": "2026-01-01T00:00:00Z",
        "seconds": 12.5,
        "forwards": {"student": 1043, "teacher": 1043},
        "stored": {"teacher": 0},
        "timing_forwards": {"student": 1280},
        "peak_memory_bytes": 800_000_000,
        "device": "cpu",
        "threads": 2,
        "token_budget": 4096,
        "speed": speed if ratio is not None else None,
        "machine": {},
    }


def write_entry(
    root: Path, folder: str, records: list[dict[str, Any]], *, toml: str, ratio: float | None = 1.9
) -> Path:
    """A whole submission; `toml` is its submission.toml."""
    place = root / folder
    place.mkdir(parents=True)
    (place / "submission.toml").write_text(f"schema_version = 1\n{toml}", encoding="utf-8")
    for one in records:
        name = one["task"]["name"]
        inside = place / (name if "/" in name else f"own/{name}")
        inside.mkdir(parents=True)
        (inside / "record.json").write_text(json.dumps(one), encoding="utf-8")
        if ratio is not None:
            (inside / "run.json").write_text(json.dumps(run(ratio)), encoding="utf-8")
    return place


def write_board(root: Path) -> Path:
    """Several entries on several tasks: the usual, the weak, the undefined, the invalid and the hostile."""
    write_entry(
        root,
        "reference/finetune",
        [
            record("cola", student="finetune", level=0.41, follow=0.33),
            record("sst2", student="finetune", level=0.72, follow=0.70, teacher_level=0.8),
            record("stsb", student="finetune", level=0.81, follow=0.88, teacher_level=0.86),
        ],
        toml='name = "finetune, layers 0-2"\nmethod = "finetune"\nsummary = "No teacher in training."\n',
    )
    write_entry(
        root,
        "reference/vanilla-kd",
        [
            record("cola", student="kd", level=0.44, follow=0.38, warnings=("κ lies close to κ_ci",)),
            record("sst2", student="kd", level=0.74, follow=0.75, teacher_level=0.8),
            record("stsb", student="kd", level=0.83, follow=0.93, teacher_level=0.86),
        ],
        toml='name = "logit KD, layers 0-2"\nmethod = "vanilla_kd"\n[links]\npaper = "https://arxiv.org/abs/1503.02531"\n',
    )
    write_entry(
        root,
        "people/hostile",
        [record("cola", student="hostile", level=0.405, follow=0.52, warnings=(f"{SCRIPT} as a warning",))],
        toml=f'name = "{SCRIPT}"\nmethod = "\\" onmouseover=alert(1) x=\\""\nsummary = "<img src=x onerror=alert(1)>"\n'
        f'authors = ["{SCRIPT}"]\ncitation = "</pre>{SCRIPT}"\n',
        ratio=None,
    )
    weak = gate("weak", reason="99.6 % of its predictions are one class", low=-0.01)
    write_entry(
        root,
        "people/collapsed",
        [
            record(
                "cola",
                student="flat",
                level=0.0,
                follow=0.0,
                reason="collapsed",
                blocks=1,
                gates={"student": weak, "teacher": gate()},
            )
        ],
        toml='name = "one block, untrained"\nmethod = "none"\n',
        ratio=None,
    )
    bad = gate("invalid", reason="the lower end of its MCC is 0.020, not above 0.1", low=0.02)
    write_entry(
        root,
        "people/lost",
        [
            record(
                "sst2",
                student="lost",
                level=0.6,
                follow=None,
                reason="teacher_invalid",
                teacher_level=0.05,
                teacher=model("bad teacher", 12, 109_000_000),
                gates={"student": gate(), "teacher": bad},
                protocol="standard",
            ),
            record("cola", student="alone", level=0.3, follow=None, reason="not_measured", with_teacher=False),
        ],
        toml='name = "under a bad teacher"\nmethod = "vanilla_kd"\n',
    )
    return root


def curve(*values: float | None, n: int = 190) -> dict[str, Any]:
    """What is left at each level, 0.05 from the ends of its interval; at the first one, where nothing is masked, it has
    no width."""
    return {
        "values": list(values),
        "lows": [None if one is None else round(one - 0.05 * (place > 0), 6) for place, one in enumerate(values)],
        "highs": [None if one is None else round(one + 0.05 * (place > 0), 6) for place, one in enumerate(values)],
        "area": score(None, "not_measured") if None in values else score(0.6, n=n),
    }


def masked(
    name: str, drop: float, ratio: dict[str, Any], *, keys: tuple[str, ...] = ("lime",), task: str = "sst2"
) -> dict[str, Any]:
    """A record with faithfulness at three levels; the teacher's explanation does half as much to the student."""
    made = record(task, student=name, level=0.7, follow=0.7, teacher_level=0.8)
    curves = {"most": curve(0.9, 0.4, 0.2), "least": curve(0.9, 0.85, 0.6), "random": curve(0.9, 0.65, 0.4)}
    halved = curves | {"most": curve(0.9, 0.55, 0.3)}
    found = {
        setting: {
            key: {
                "curves": dict.fromkeys(("probability", "agreement", "accuracy"), drawn),
                "scores": {"probability": {"drop_most_first": score(value), "kept_least_first": score(0.11)}},
            }
            for key in keys
        }
        for setting, value, drawn in (
            ("student", drop, curves),
            ("teacher", 0.52, curves),
            ("transfer", -0.2, halved),
        )
    }
    for key in keys:
        made["scores"] |= {f"drop_most_first.{key}": score(drop), f"kept_least_first.{key}": score(0.11)}
        made["scores"][f"teacher.drop_most_first.{key}"] = score(0.52)
        made["scores"][f"transfer.drop_most_first.{key}"] = score(-0.2)
    made["faithfulness"] = {
        "table": {"name": "masking.parquet", "sha256": sha("masking", name), "rows": 200},
        "levels": [0, 40, 80],
        "found": found,
        "transfer_ratios": dict.fromkeys(keys, ratio),
    }
    return made


def perturbed(name: str, kappa: dict[str, Any], *, task: str = "cola", draws: int = 3) -> dict[str, Any]:
    """A record with robustness to two perturbations, the second of which changes labels."""
    made = record(task, student=name, level=0.7, follow=0.7, teacher_level=0.8)
    names = ("keyboard_typo", "word_swap")
    for one in names:
        made["scores"] |= {f"flip_kappa.{one}": kappa, f"flip_rate.{one}": score(0.125)}
        made["scores"] |= {f"teacher.flip_rate.{one}": score(0.25), f"perturbed_score.{one}": score(0.6)}
        made["scores"] |= {f"score_drop.{one}": score(0.08), f"teacher.score_drop.{one}": score(-0.02)}
        made["scores"] |= {f"teacher.perturbed_score.{one}": score(0.7)}
    made["robustness"] = {
        "table": {"name": "perturbed.parquet", "sha256": sha("perturbed", name), "rows": 200},
        "strength": "single_edit",
        "draws": draws,
        "plain": {"student": 0.68, "teacher": 0.72},
        "perturbations": {
            one: {
                "inputs": sha("inputs", one, draws),
                "label_changing": one == "word_swap",
                "applied": 0.95,
                "distances": {"characters": 1.5, "words": 1.0},
                "headline": {"student": [0.5, 0.6, 0.7][:draws], "teacher": [0.7] * draws},
            }
            for one in names
        },
    }
    return made


GLUE = ("cola", "sst2", "mrpc", "qqp", "stsb", "mnli_matched", "mnli_mismatched", "qnli", "rte")


def glue_record(task_name: str, level: float) -> dict[str, Any]:
    """A record whose headline score is `level`, whichever score that is."""
    made = record(task_name, student="all", level=0.5, follow=0.5)
    made["scores"][made["task"]["headline"]] = score(level)
    return made
