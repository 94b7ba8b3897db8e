"""Suite files: every mistake is one message that names file and field; those of the package are in order."""

from __future__ import annotations

from pathlib import Path

import pytest
from suites import Cli, graph_of, run_command, site, write_suite

from xkd_bench.errors import BadInputError
from xkd_bench.records.submission import without_seed
from xkd_bench.reference.plan import rows
from xkd_bench.reference.site import Site
from xkd_bench.reference.status import seconds_left, standings
from xkd_bench.reference.suite import read_suite, suite_names
from xkd_bench.reference.suite_graph import build_graph
from xkd_bench.tasks.claims import claims_of_papers

MISTAKES = {
    "a field that does not exist": ('title = "Tiny"', 'title = "Tiny"\ntitel = "x"', "titel", "does not exist"),
    "an unknown teacher": ('teachers = ["one"]', 'teachers = ["two"]', "the file", "tasks names two"),
    "an unknown student": ('students = ["half"]', 'students = ["third"]', "the file", "tasks names third"),
    "an unknown start": ('start = "tiny"', 'start = "huge"', "the file", "teachers names huge"),
    "an unknown baseline": ('baseline = "finetune"', 'baseline = "none"', "the file", "baseline names none"),
    "two sources of a start": ("demo = true", 'demo = true\nhub = "a/b"', "starts.tiny", "exactly one of"),
    "a seed twice": ("retrained = [1]", "retrained = [0]", "teachers.one", "seeds of their own"),
    "no seed": ("seeds = [0]", "seeds = []", "methods.1.seeds", "at least 1"),
    "a seed that is text": ("seeds = [0]", 'seeds = ["a"]', "methods.1.seeds.0", "integer"),
    "a path for a name": ('method = "finetune"', 'method = "finetune"\nentry = "../x"', "methods.0.entry", "pattern"),
    "no sizes": ("rows = { train = 1437,", "rows = {", "tasks.0.rows.train", "required"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_file_and_field(tmp_path: Path, mistake: str) -> None:
    old, new, field, message = MISTAKES[mistake]
    path = write_suite(tmp_path, lambda text: text.replace(old, new))
    with pytest.raises(BadInputError) as caught:
        read_suite(str(path))
    assert caught.value.where == f"{path}, {field}"
    assert message in caught.value.found
    assert "demo.toml" in caught.value.expected


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ('method = "vanilla_kd"', 'method = "vanila_kd"', "vanila_kd"),
        ("seeds = [0]", "seeds = [0]\nsettings = { alfa = 1 }", "Extra inputs"),
        ("seeds = [0]", 'seeds = [0]\npreset = "none"', "none"),
        ('name = "demo/digits"', 'name = "demo/digit"', "demo/digit"),
        ("tiny_protocol.toml", "no_protocol.toml", "no such file"),
        ('method = "vanilla_kd"', 'method = "vanilla_kd"\nentry = "finetune"', "two called finetune"),
    ],
)
def test_what_only_the_registries_know_is_refused_before_anything_is_run(
    tmp_path: Path, old: str, new: str, found: str
) -> None:
    path = write_suite(tmp_path, lambda text: text.replace(old, new))
    with pytest.raises(BadInputError, match=found):
        graph_of(path, site(tmp_path))
    assert not (tmp_path / "work").exists()


def test_an_unknown_suite_is_told_which_there_are(run_cli: Cli, tmp_path: Path) -> None:
    code, _, error = run_cli("reference", "run", "dema", "--plan", "--store", tmp_path)
    assert code == 2
    assert "cpu-aggregation, cpu-small, demo, paper-bert, paper-vit" in error


@pytest.mark.parametrize(
    ("more", "where"),
    [
        (("--budget", "soon"), "--budget"),
        (("--budget", "0m"), "--budget"),
        (("--executor", "slurm"), "--executor"),
        (("--address", "1.2.3.4:1"), "--address"),
        (("--task", "cola"), "--task"),
    ],
)
def test_options_that_cannot_be_are_refused(
    suite: Path, run_cli: Cli, tmp_path: Path, more: tuple[str, str], where: str
) -> None:
    code, _, error = run_cli(*run_command(suite, tmp_path, *more))
    assert code == 2
    assert f"\n{where}" in error
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("name", suite_names())
def test_every_suite_can_be_planned_without_data_or_hub(name: str, tmp_path: Path) -> None:
    at = Site(site(tmp_path).ledger, tmp_path / "out", None, "cuda", looks=False)
    suite, folder = read_suite(name)
    graph = build_graph(suite, folder, at)
    found = standings(graph, at.ledger)
    assert {one.state for one in found} == {"left"}
    table = rows(found)
    assert sum(row.jobs for row in table) == len(graph.jobs)
    for row in table:
        assert row.cost.updates > 0 or row.kind != "train"
        assert row.cost.forwards > 0 or row.kind not in ("keep", "evaluate")
    assert seconds_left(found, 8) <= seconds_left(found, 1) <= sum(one.seconds for one in found) + 1e-6
    for digest, job in graph.jobs.items():
        assert list(graph.jobs).index(digest) > max([-1, *(list(graph.jobs).index(n) for n in job.needs.values())])
    assert not (tmp_path / "work").exists()


def test_a_suite_on_some_of_its_tasks_has_the_jobs_it_has_on_them(tmp_path: Path) -> None:
    at = Site(site(tmp_path).ledger, tmp_path / "out", None, "cuda", looks=False)
    whole = build_graph(*read_suite("cpu-small"), at)
    some = build_graph(*read_suite("cpu-small", ["cola", "glue/mrpc"]), at)
    assert [*some.jobs] == [digest for digest, job in whole.jobs.items() if job.task in ("glue/cola", "glue/mrpc")]


def test_what_is_said_of_a_task_counts_where_nobody_says_anything_else(tmp_path: Path) -> None:
    said = 'train_rows = 480\ntraining = { dtype = "bfloat16", epochs = 3, learning_rate = 0.01 }'
    path = write_suite(tmp_path, lambda text: text.replace("train_rows = 480", said))
    jobs = [job for job in graph_of(path, site(tmp_path)).jobs.values() if job.kind == "train"]
    teacher, student = jobs[0].recipe["recipe"], jobs[-1].recipe["recipe"]
    assert [(one["dtype"], one["learning_rate"]) for one in (teacher, student)] == [("bfloat16", 0.01)] * 2
    assert (teacher["epochs"], student["epochs"]) == (7, 1)


def test_the_plan_names_what_a_suite_takes(suite: Path, run_cli: Cli, tmp_path: Path) -> None:
    code, output, error = run_cli(*run_command(suite, tmp_path, "--plan"))
    assert code == 0, error
    lines = {tuple(line.split()[:3]): line.split() for line in output.splitlines()}
    assert lines["demo/digits", "train", "4"][4] == str(2 * 7 * 15 + 2 * 8)
    assert "12 of 12 jobs to do" in output
    assert "8 workers" in output


def test_every_claim_is_about_entries_that_a_suite_makes(tmp_path: Path) -> None:
    at, made = site(tmp_path), set[tuple[str, str]]()
    for name in ("cpu-small", "cpu-aggregation"):
        graph = build_graph(*read_suite(name), Site(at.ledger, at.output, None, "cpu", looks=False))
        made |= {
            (without_seed(job.identity["entry"]).replace("-", " "), job.task)
            for job in graph.jobs.values()
            if job.kind == "evaluate"
        }
    for claim in [claim for paper in claims_of_papers() for claim in paper.claims if claim.is_tested]:
        for task in claim.tasks:
            assert (claim.method, task) in made
            assert (claim.against or claim.method, task) in made


def test_the_suite_of_one_claim_trains_nothing_that_cpu_small_does_not(tmp_path: Path) -> None:
    at = Site(site(tmp_path).ledger, tmp_path / "out", None, "cpu", looks=False)
    small, other = (build_graph(*read_suite(name), at).jobs for name in ("cpu-small", "cpu-aggregation"))
    trained = {digest for digest, job in other.items() if job.kind in ("start", "train")}
    assert len(trained) == 6
    assert trained <= set(small)
