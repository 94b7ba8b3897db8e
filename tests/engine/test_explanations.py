"""Explanations end to end on small models: what is compared, what is written, what it costs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xkd_bench.engine.check import check_submission
from xkd_bench.engine.evaluate import Evaluation, evaluate
from xkd_bench.engine.judge_explanations import FillJudgement, gain_verdict_of, judge_explanations, verdict_of
from xkd_bench.engine.plan import Plan, make_plan
from xkd_bench.errors import BadInputError
from xkd_bench.metrics.alignment_scoring import Alignment, similarities
from xkd_bench.metrics.contract import Score
from xkd_bench.metrics.registry import similarity_metrics
from xkd_bench.metrics.tables import join
from xkd_bench.models.classifier import Runtime
from xkd_bench.randomness import generator
from xkd_bench.records.examples_table import read_examples
from xkd_bench.records.explanations_table import (
    ExplainerColumns,
    ExplanationsTable,
    Vectors,
    read_explanations,
    view_of,
)
from xkd_bench.records.store import Store
from xkd_bench.records.submission import file_hash
from xkd_bench.tasks.registry import builtin_folder

TASK = "demo/grammar"
SECOND_FILL = ("lime.mask", "shap.mask", "occlusion.mask")


def plan_of(
    models: dict[str, Path],
    student: str,
    tokens: int | None = None,
    again: tuple[str, ...] = (),
    baseline: str | None = None,
    **changes: Any,
) -> Plan:
    """`quick` with fewer examples and maskings, both fills, and `changes` of what it says of explanations."""
    runtime = Runtime("cpu", token_budget=tokens)
    retrained = [str(models[name]) for name in again]
    other = str(models[baseline]) if baseline else None
    plan = make_plan(str(models[student]), TASK, str(models["teacher"]), "quick", runtime, None, retrained, other)
    card = plan.protocol.explanations
    assert card.coalitions is not None
    fewer = card.model_copy(
        update={
            "examples": 40,
            "random_student_examples": 10,
            "steps": 8,
            "coalitions": card.coalitions.model_copy(
                update={"all_up_to": 32, "sample": 32, "per_unit": 4, "fills": ("delete", "mask")}
            ),
        }
        | changes
    )
    return replace(plan, protocol=plan.protocol.model_copy(update={"explanations": fewer}))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """One store for all: what a test asks again is not measured again."""
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def found(models: dict[str, Path], store: Store, tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """The first student with a retrained teacher, written to disk."""
    folder = tmp_path_factory.mktemp("entry")
    return evaluate(plan_of(models, "one", again=("again",)), store, folder, timing=False)


def test_a_student_that_is_the_teacher_scores_exactly_one(models: dict[str, Path], store: Store) -> None:
    result = evaluate(plan_of(models, "teacher"), store, None, timing=False).result
    assert result.explanations is not None
    assert set(SECOND_FILL) < set(result.explanations.explainers)
    for metric in similarity_metrics():
        for key in result.explanations.explainers:
            score = result.scores[f"{metric.card.name}.{key}"]
            assert (score.value, score.low, score.high) == (1.0, 1.0, 1.0), (metric.card.name, key)
            assert score.n > 30
    for fill in ("", ".mask"):
        assert result.scores[f"coalition_fidelity{fill}"].value == 1.0
        assert result.scores[f"counterfactual_agreement{fill}"].value == 1.0
        assert result.scores[f"contrast_mismatch{fill}"].value == 0.0
    assert all(fills.survives for fills in result.explanations.fills.values())


def test_the_record_holds_scale_exclusions_and_distribution(found: Evaluation) -> None:
    explained = found.result.explanations
    assert explained is not None
    assert len(explained.retrained_teachers) == 1
    lime = explained.explainers["lime"]
    measure = lime.measures["centred_cosine"]
    score = found.result.scores["centred_cosine.lime"]
    assert score.n + sum(measure.excluded.values()) == explained.table.rows == 40
    assert sum(measure.distribution) == score.n
    assert measure.scale is not None
    floor, ceiling = measure.scale.floor.value, measure.scale.ceiling.value
    assert floor is not None
    assert ceiling is not None
    assert score.value is not None
    assert -1 <= floor < ceiling <= 1
    if measure.scale.calibrated.value is not None:
        assert measure.scale.calibrated.value == pytest.approx((score.value - floor) / (ceiling - floor), abs=1e-6)
    assert measure.scale.random_student.n <= 10
    assert 0 < explained.explainers["input_x_gradient"].notes["teacher"]["special_share"] < 1
    assert found.result.slices["same_prediction"]["centred_cosine.lime"].n <= score.n
    halves = [
        found.result.slices[part]["centred_cosine.lime"].n for part in ("same_prediction", "different_prediction")
    ]
    assert sum(halves) == score.n


def test_a_random_explainer_agrees_no_more_than_chance(found: Evaluation) -> None:
    score = found.result.scores["centred_cosine.random"]
    assert score.low is not None
    assert score.high is not None
    assert score.low < 0 < score.high


def test_explanations_of_other_examples_are_the_floor(models: dict[str, Path], store: Store, tmp_path: Path) -> None:
    """The student's vectors swapped among examples of equal word count and equal teacher's class."""
    explainers = ("lime", "shap", "occlusion")
    plan = plan_of(models, "teacher", examples=300, explainers=explainers)
    folder = evaluate(plan, store, tmp_path, timing=False).folder
    assert folder is not None
    predictions = read_examples(folder / "examples.parquet", "classification", 2)
    assert predictions.teacher is not None
    pair = join(predictions.labels, predictions.student, predictions.teacher)
    table = read_explanations(folder / "explanations.parquet")
    place = {example_id: row for row, example_id in enumerate(pair.teacher.example_ids)}
    target = pair.teacher.predicted[[place[example_id] for example_id in table.example_ids]]
    groups: dict[tuple[int, int], list[int]] = {}
    for row, mask in enumerate(table.punctuation):
        groups.setdefault((len(mask), int(target[row])), []).append(row)
    other = list(range(len(target)))
    for rows in groups.values():
        if len(rows) > 1:
            shuffled = np.array(rows)[generator("swap", len(rows)).permutation(len(rows))].tolist()
            for one, following in zip(shuffled, shuffled[1:] + shuffled[:1], strict=True):
                other[one] = following
    swapped = replace(
        table, explainers={key: _with_student(columns, other) for key, columns in table.explainers.items()}
    )
    result = judge_explanations(swapped, pair, {}, 500, ("swap",))
    for key in explainers:
        floor, value = result.explainers[key].alignments["centred_cosine"].floor, result.scores[f"centred_cosine.{key}"]
        assert floor.low is not None
        assert floor.high is not None
        assert value.low is not None
        assert value.high is not None
        assert value.low <= floor.high, key
        assert floor.low <= value.high, key


def _with_student(columns: ExplainerColumns, rows: list[int]) -> ExplainerColumns:
    student = columns.vectors["student"]
    moved = Vectors(tuple(student.steps[row] for row in rows), student.scale[rows])
    return replace(columns, vectors=columns.vectors | {"student": moved})


def test_a_second_student_never_explains_the_teacher_again(
    models: dict[str, Path], store: Store, found: Evaluation
) -> None:
    assert found.folder is not None
    second = evaluate(plan_of(models, "two"), store, None, timing=False).run
    assert second.forwards["teacher"] == 0
    assert second.forwards["student"] > 40 * 16
    again = evaluate(plan_of(models, "one", again=("again",)), store, None, timing=False).run
    assert set(again.forwards.values()) == {0}


@pytest.mark.parametrize("tokens", [64, 2048])
def test_lots_and_orders_give_the_same_bytes(
    models: dict[str, Path], found: Evaluation, tmp_path: Path, tokens: int
) -> None:
    plan = plan_of(models, "one", tokens, again=("again",))
    order = generator("order", tokens).permutation(len(plan.examples)).tolist()
    evaluate(plan, Store(tmp_path / "store"), tmp_path / "entry", timing=False)
    assert found.folder is not None
    for name in ("record.json", "explanations.parquet"):
        assert (tmp_path / "entry" / TASK / name).read_bytes() == (found.folder / name).read_bytes(), name
    shuffled = evaluate(
        replace(plan, examples=plan.examples.take(order)), Store(tmp_path / "other"), None, timing=False
    )
    assert shuffled.result.scores == found.result.scores


def test_a_record_checks_and_a_changed_vector_does_not(
    models: dict[str, Path], store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    plan = plan_of(models, "one", again=("again",))
    monkeypatch.setattr("xkd_bench.engine.check.read_protocol", lambda name: plan.protocol)
    folder = evaluate(plan, store, tmp_path / "entry", timing=False).folder
    assert folder is not None
    assert check_submission(tmp_path / "entry").or_raise().tasks
    path = folder / "explanations.parquet"
    table = pq.read_table(path)
    vectors = table.column("vector.student.lime").to_pylist()
    vectors[0] = [-step for step in vectors[0]]
    place = table.column_names.index("vector.student.lime")
    changed = table.set_column(place, "vector.student.lime", pa.array(vectors, pa.list_(pa.int16())))
    pq.write_table(changed, path, store_schema=False)
    with pytest.raises(BadInputError, match="record and table belong together"):
        check_submission(tmp_path / "entry").or_raise()
    record = json.loads((folder / "record.json").read_text())
    record["explanations"]["table"]["sha256"] = file_hash(path)
    (folder / "record.json").write_text(json.dumps(record))
    with pytest.raises(BadInputError, match=r"scores\.centred_cosine\.lime"):
        check_submission(tmp_path / "entry").or_raise()
    path.unlink()
    with pytest.raises(BadInputError, match="missing-file"):
        check_submission(tmp_path / "entry").or_raise()


def test_a_gain_over_a_baseline_is_the_mean_difference_on_the_same_examples(
    models: dict[str, Path], store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(models, "one", baseline="two")
    found = evaluate(plan, store, tmp_path / "entry", timing=False)
    other = evaluate(plan_of(models, "two"), store, tmp_path / "other", timing=False)
    assert found.result.explanations is not None
    assert found.result.explanations.baseline == other.result.student.hash
    assert found.result.track == other.result.track, "a baseline is no condition of a measurement"
    assert found.folder is not None
    assert other.folder is not None
    tables = [read_explanations(folder / "explanations.parquet") for folder in (found.folder, other.folder)]
    headline = next(metric for metric in similarity_metrics() if metric.card.name == "centred_cosine")
    for key in ("lime", "lime.mask", "integrated_gradients", "random"):
        own, theirs = (_values(table, key, headline) for table in tables)
        gain = found.result.explanations.explainers[key].measures["centred_cosine"].gain
        assert gain is not None
        assert gain.value == pytest.approx(np.nanmean(own - theirs), abs=1e-6)
        assert gain.n == np.count_nonzero(~np.isnan(own - theirs))
        assert other.result.explanations is not None
        assert other.result.explanations.explainers[key].measures["centred_cosine"].gain is None
    assert found.result.explanations.fills["lime.mask"].gain_gap is not None
    monkeypatch.setattr("xkd_bench.engine.check.read_protocol", lambda name: plan.protocol)
    assert check_submission(tmp_path / "entry").or_raise().tasks


def _values(table: ExplanationsTable, key: str, metric: Any) -> Any:
    columns = table.explainers[key]
    nothing = np.zeros(len(table.example_ids), dtype=np.int64)
    vectors = columns.vectors["teacher"], columns.vectors["student"]
    return similarities(view_of(table.example_ids, *vectors, table.punctuation, columns.reasons, nothing), metric)


def test_a_gain_that_only_one_fill_shows_does_not_survive(
    models: dict[str, Path], store: Store, tmp_path: Path
) -> None:
    """The gaming case: the student's own number is the same with both fills, and the baseline's is not."""
    folder = evaluate(plan_of(models, "one", baseline="two"), store, tmp_path, timing=False).folder
    assert folder is not None
    predictions = read_examples(folder / "examples.parquet", "classification", 2)
    assert predictions.teacher is not None
    pair = join(predictions.labels, predictions.student, predictions.teacher)
    table = read_explanations(folder / "explanations.parquet")
    headline = next(metric for metric in similarity_metrics() if metric.card.name == "centred_cosine")
    own = _values(table, "lime", headline)
    deleted = table.explainers["lime"]

    def judged(below_deleted: float, below_masked: float) -> FillJudgement:
        """Both fills give the student the same explanations; the baseline is so far below with either."""
        held = {
            key: replace(deleted, baseline={"centred_cosine": own - below})
            for key, below in (("lime", below_deleted), ("lime.mask", below_masked))
        }
        found = judge_explanations(replace(table, explainers=held), pair, {}, 200, ("gaming",))
        return found.fills["lime.mask"]

    gamed = judged(0.0, 0.3)
    assert gamed.gap.value == 0.0
    assert len(set(gamed.verdicts.values())) == 1
    assert gamed.gain_verdicts == {"delete": "even", "mask": "higher"}
    assert gamed.gain_gap is not None
    assert gamed.gain_gap.value == pytest.approx(0.3)
    assert not gamed.survives
    assert not judged(0.02, 0.3).survives, "higher with both, and by far more with one"
    assert judged(0.3, 0.3).survives
    assert judged(-0.3, -0.3).gain_verdicts == {"delete": "lower", "mask": "lower"}
    assert gain_verdict_of(Score.undefined("not_measured")) == "none"


def test_a_baseline_is_another_student(models: dict[str, Path]) -> None:
    for baseline, role in (("one", "student"), ("teacher", "teacher")):
        with pytest.raises(BadInputError, match=f"the same weights as the {role}"):
            plan_of(models, "one", baseline=baseline)
    with pytest.raises(BadInputError, match="as well"):
        make_plan(str(models["teacher"]), TASK, None, "quick", Runtime("cpu"), None, (), str(models["one"]))


def test_two_workers_share_the_work_and_write_the_same_bytes(models: dict[str, Path], tmp_path: Path) -> None:
    """Two processes over one store, started together, against one process over another."""
    text = (builtin_folder() / "protocols" / "quick.toml").read_text()
    changes = {"examples = 200": "examples = 130", "= 256": "= 32", "per_unit = 8": "per_unit = 4"}
    changes['"integrated_gradients", '] = ""  # shared like the other gradients, at many times their cost
    for usual, fewer in changes.items():
        assert usual in text
        text = text.replace(usual, fewer)
    (tmp_path / "fewer.toml").write_text(text)

    def command(store: str, output: str) -> list[str]:
        return [
            "evaluate", str(models["one"]), "--task", TASK, "--teacher", str(models["teacher"]), "--no-timing",
            "--protocol", str(tmp_path / "fewer.toml"), "--store", str(tmp_path / store),
            "--output", str(tmp_path / output),
        ]  # fmt: skip

    def start(store: str, output: str) -> subprocess.Popen[bytes]:
        arguments = [sys.executable, "-m", "xkd_bench", *command(store, output)]
        # One thread each: two processes with a thread for every core would mostly wait for one another.
        return subprocess.Popen(arguments, env=os.environ | {"OMP_NUM_THREADS": "1"})

    workers = [start("shared", name) for name in ("first", "second")]
    assert [worker.wait(600) for worker in workers] == [0, 0]
    assert start("alone", "alone").wait(600) == 0
    read = {name: tmp_path / name / TASK for name in ("first", "second", "alone")}
    for name in ("record.json", "explanations.parquet", "examples.parquet"):
        assert len({(folder / name).read_bytes() for folder in read.values()}) == 1, name
    forwards = {name: json.loads((folder / "run.json").read_text())["forwards"] for name, folder in read.items()}
    for role in ("teacher", "student"):
        assert forwards["first"][role] + forwards["second"][role] <= 1.6 * forwards["alone"][role], "work was shared"


def test_nothing_is_explained_against_an_invalid_teacher(
    models: dict[str, Path], tiny_models: Path, tmp_path: Path
) -> None:
    plan = make_plan(str(models["one"]), TASK, str(tiny_models / "grammar"), "quick", Runtime("cpu"), None)
    result = evaluate(plan, Store(tmp_path / "store"), tmp_path / "entry", timing=False).result
    assert result.explanations is None
    assert result.scores["centred_cosine.lime"].reason == "teacher_invalid"
    assert result.scores["coalition_fidelity"].reason == "teacher_invalid"
    assert not list((tmp_path / "entry").rglob("explanations.parquet"))
    assert check_submission(tmp_path / "entry").or_raise()


def test_without_explanations_the_scores_say_so(models: dict[str, Path], store: Store, tmp_path: Path) -> None:
    plan = plan_of(models, "one")
    result = evaluate(plan, store, None, timing=False, with_explanations=False, with_perturbations=False).result
    assert {score.reason for name, score in result.scores.items() if ".lime" in name} == {"not_measured"}


def test_a_ceiling_is_no_teacher_itself_and_none_twice(models: dict[str, Path]) -> None:
    for again in (("teacher",), ("again", "again")):
        with pytest.raises(BadInputError, match="another seed"):
            plan_of(models, "one", again=again)
    with pytest.raises(BadInputError, match="as well"):
        make_plan(str(models["teacher"]), TASK, None, "quick", Runtime("cpu"), None, [str(models["again"])])


ODD_TEXTS = (
    "",
    " ",
    "queen",
    "!!! ... ???",
    "🙂🙂 👍🏽",
    "שלום עולם מה שלומך",
    "the  queen   described the egg .",
    "the the the the the the",
    "the queen described " * 100,
    "ﬁne naïve café \u200b x",
)


def own_task(folder: Path, texts: list[str], answers: Callable[[list[str]], list[int]], **columns: Any) -> Path:
    """A task over a file of one's own whose labels are `answers`."""
    folder.mkdir()
    labels = ["unacceptable", "acceptable"]
    rows = [
        {"id": str(i), "sentence": text, "label": labels[answer]}
        for i, (text, answer) in enumerate(zip(texts, answers(texts), strict=True))
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "mine.toml").write_text(
        'name = "mine"\ntitle = "Mine"\nsummary = "?"\nmodality = "text"\n'
        f'labels = {json.dumps(labels)}\nheadline = "accuracy"\nlicence = "ours"\ncitation = "none"\n'
        '[data]\nsource = "files"\nevaluation = "rows.jsonl"\n'
        '[data.columns]\nid = ["id"]\ntext = ["sentence"]\nlabel = "label"\n[inputs]\nmax_length = 24\n'
    )
    return folder / "mine.toml"


def test_odd_texts_are_reasons_in_rows_and_never_the_end_of_a_run(models: dict[str, Path], tmp_path: Path) -> None:
    from xkd_bench.tasks.loading import load
    from xkd_bench.tasks.registry import find_task

    sentences = [row.text for row in load(find_task(TASK), "evaluation").inputs[:60]]  # type: ignore[union-attr]
    task = own_task(tmp_path / "task", [*sentences, *ODD_TEXTS], _answers(models["teacher"]))
    plan = make_plan(str(models["one"]), str(task), str(models["teacher"]), "quick", Runtime("cpu"), None)
    found = evaluate(plan, Store(tmp_path / "store"), tmp_path / "entry", timing=False)
    assert found.result.explanations is not None
    for key, explainer in found.result.explanations.explainers.items():
        excluded = explainer.measures["centred_cosine"].excluded
        assert excluded["too_few_units"] >= 3, key
        assert found.result.scores[f"centred_cosine.{key}"].n >= 60, key
    assert found.folder is not None
    table = read_explanations(found.folder / "explanations.parquet")
    long = table.example_ids.index(str(len(sentences) + ODD_TEXTS.index("the queen described " * 100)))
    seen = table.explainers["lime"].vectors["student"].steps[long]
    assert len(seen) == 24, "no more words than the window has tokens"
    assert (seen == -32768).sum() == 2, "two tokens of the window are special"
    assert check_submission(tmp_path / "entry").or_raise()


def _answers(model: Path) -> Callable[[list[str]], list[int]]:
    """What a checkpoint of demo/grammar says of texts."""
    from xkd_bench.models.checkpoint import open_checkpoint
    from xkd_bench.models.classifier import Classifier
    from xkd_bench.models.fit import check_fit
    from xkd_bench.tasks.examples import TextInput
    from xkd_bench.tasks.registry import find_task

    checkpoint, card = open_checkpoint(str(model)), find_task(TASK).card
    classifier = Classifier(checkpoint, card, check_fit(checkpoint, card, "teacher"), Runtime("cpu"))
    return lambda texts: [int(row.argmax()) for row in classifier.logits([TextInput(text) for text in texts])]


def byte_level_teacher(folder: Path, texts: list[str]) -> Path:
    """A small RoBERTa with random weights and a byte-level BPE tokenizer learnt from the texts."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers, processors
    from tokenizers import models as parts
    from tokenizers.trainers import BpeTrainer
    from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaForSequenceClassification

    from xkd_bench.models.loading import seeded

    tokenizer = Tokenizer(parts.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(texts, BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet))
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    names = dict(zip(("bos_token", "pad_token", "eos_token", "unk_token", "mask_token"), special, strict=True))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, cls_token="<s>", sep_token="</s>", **names)
    config = RobertaConfig(
        vocab_size=len(fast), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=40, type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2,
        initializer_range=0.3, id2label={0: "unacceptable", 1: "acceptable"},
    )  # fmt: skip
    with seeded(5):
        RobertaForSequenceClassification(config).save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


def test_a_byte_level_teacher_and_a_wordpiece_student_meet_on_words(models: dict[str, Path], tmp_path: Path) -> None:
    from xkd_bench.tasks.loading import load
    from xkd_bench.tasks.registry import find_task

    sentences = [row.text for row in load(find_task(TASK), "evaluation").inputs[:150]]  # type: ignore[union-attr]
    teacher = byte_level_teacher(tmp_path / "teacher", sentences)
    task = own_task(tmp_path / "task", sentences, _answers(teacher))
    plan = make_plan(str(models["one"]), str(task), str(teacher), "quick", Runtime("cpu"), None)
    result = evaluate(plan, Store(tmp_path / "store"), tmp_path / "entry", timing=False).result
    assert result.gate["teacher"].status == "valid"
    for key in ("lime", "shap", "occlusion", "integrated_gradients", "input_x_gradient"):
        score = result.scores[f"centred_cosine.{key}"]
        assert score.value is not None
        assert abs(score.value) < 0.9, "models that have nothing in common"
        assert score.n > 120


def test_verdicts_follow_the_interval_of_the_calibrated_value() -> None:
    def score(value: float | None, half: float = 0.05) -> Score:
        if value is None:
            return Score.undefined("not_measured")
        return Score(value, value - half, value + half, 100, "ok", None)

    def of(calibrated: float | None, value: float = 0.5, floor: float = 0.1) -> str:
        nothing = score(None)
        alignment = Alignment(
            mean=score(value), median=nothing, excluded={}, parts={}, floor=score(floor), ceiling=nothing,
            calibrated=score(calibrated), random_student=nothing, retrained=(), histogram=(),
        )  # fmt: skip
        return verdict_of(score(value), alignment)

    assert [of(value) for value in (0.0, 0.3, 0.5, 0.8, 0.97)] == [
        "chance", "nearer_chance", "undecided", "nearer_retrained", "as_retrained",
    ]  # fmt: skip
    assert of(None) == "beyond_chance"
    assert of(None, value=0.12) == "chance"


def test_a_copy_of_the_teacher_under_another_name_is_the_teacher(
    models: dict[str, Path], store: Store, tmp_path: Path
) -> None:
    shutil.copytree(models["teacher"], tmp_path / "copy")
    plan = make_plan(str(tmp_path / "copy"), TASK, str(models["teacher"]), "quick", Runtime("cpu"), None)
    assert plan.student.identity == plan.teacher.identity  # type: ignore[union-attr]
