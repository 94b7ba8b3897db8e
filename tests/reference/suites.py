"""A suite small enough to be run whole in seconds, and what a run of it left."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xkd_bench.reference.graph import Graph
from xkd_bench.reference.ledger import Ledger
from xkd_bench.reference.site import Site
from xkd_bench.reference.suite import read_suite
from xkd_bench.reference.suite_graph import build_graph

Cli = Callable[..., tuple[int, str, str]]

PROTOCOL = """\
schema_version = 1
name = "tiny"
version = 1
title = "tiny"
summary = "a handful of examples"

[statistics]
suite_seed = 7
resamples = 100

[explanations]
explainers = ["lime", "attention", "random"]
examples = 6
random_student_examples = 2
steps = 2

[explanations.coalitions]
all_up_to = 16
sample = 32
per_unit = 4
fills = ["delete"]
image_fills = ["mean"]

[masking]
levels = [50]
random_orders = 1
fill = "delete"
image_fill = "mean"

[perturbations]
text = ["char_replace"]
image = ["shift"]
strength = "single_edit"
draws = 1
examples = 6
"""

SUITE = """\
schema_version = 1
name = "tiny"
title = "Tiny"
summary = "one teacher, one retrained, two methods"
protocol = "tiny_protocol.toml"
baseline = "finetune"

[starts.tiny]
demo = true
shape = { blocks = 4, width = 64, embeddings = 3000 }

[teachers.one]
start = "tiny"
retrained = [1]
training = { epochs = 7, batch_size = 32 }

[students.half]
layers = [1, 3]
training = { epochs = 1 }

[[tasks]]
name = "demo/digits"
teachers = ["one"]
students = ["half"]
train_rows = 480
rows = { train = 1437, evaluation = 360, tokens = 17, units = 16 }

[[methods]]
method = "finetune"

[[methods]]
method = "vanilla_kd"
seeds = [0]

[[controls]]
control = "int8"

[[controls]]
control = "retrained"
"""


def write_suite(folder: Path, change: Callable[[str], str] = lambda text: text) -> Path:
    """The small suite with its protocol, changed."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny_protocol.toml").write_text(PROTOCOL)
    (folder / "tiny.toml").write_text(change(SUITE))
    return folder / "tiny.toml"


def site(folder: Path, **more: Any) -> Site:
    """A place to run it: all below one folder, on the CPU."""
    return Site(Ledger(folder / "work"), folder / "out", None, "cpu", **more)


def graph_of(path: Path, at: Site) -> Graph:
    suite, folder = read_suite(str(path))
    return build_graph(suite, folder, at)


def run_command(suite: Path, folder: Path, *more: object) -> list[str]:
    """Arguments of `xkd-bench` that run a suite below a folder."""
    places = ["--work", folder / "work", "--store", folder / "store", "--output", folder / "out", "--device", "cpu"]
    return [str(part) for part in ("reference", "run", suite, *places, *more)]


def records(output: Path) -> dict[str, bytes]:
    """Every file of a run that must be the same for two runs of the same thing."""
    kept = [path for path in output.rglob("*") if path.is_file() and path.name != "run.json"]
    return {path.relative_to(output).as_posix(): path.read_bytes() for path in sorted(kept)}


def attempts(work: Path) -> dict[str, list[dict[str, Any]]]:
    """Title of a job → its attempts."""
    ledger, found = Ledger(work), {}
    for path in sorted((work / "jobs").glob("*/job.json")):
        job = ledger.job(path.parent.name)
        assert json.loads(path.read_text())["kind"] == job.kind
        found[job.title] = ledger.attempts(job.digest)
    return found
