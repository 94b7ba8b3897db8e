"""How long a board of many entries takes to build, and how large its pages get.

    python tests/benchmarks/board.py --entries 100 [--tasks 13] [--keep DIR]

Entries are made up: a committed record (SST-2), with its scores moved and its task renamed; nothing of it was measured.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from xkd_bench.distillers import registry as distillers
from xkd_bench.engine.record import track_of
from xkd_bench.leaderboard import build
from xkd_bench.metrics.registry import cards
from xkd_bench.randomness import generator
from xkd_bench.records.submission import task_folder
from xkd_bench.tasks.registry import all_tasks

SOURCE = Path(__file__).resolve().parents[2] / "submissions" / "reference" / "vanilla_kd" / "glue" / "sst2"
LARGEST_PAGE = 1.5e6


def write_entries(root: Path, tasks: int, places: Iterable[int]) -> None:
    template = json.loads((SOURCE / "record.json").read_text(encoding="utf-8"))
    names = [name for name, task in all_tasks().items() if task.card.kind == "classification"]
    names = [*names, *(f"made/up{i}" for i in range(tasks - len(names)))][:tasks]
    methods = sorted(distillers.cards())
    for place in places:
        entry = root / f"entry-{place:04d}"
        method = methods[place % len(methods)]
        entry.mkdir(parents=True)
        toml = f'schema_version = 1\nname = "Entry {place}"\nmethod = "{method}"\nsummary = "Made up."\n'
        (entry / "submission.toml").write_text(toml, encoding="utf-8")
        for name in names:
            folder = entry / task_folder(name)
            folder.mkdir(parents=True)
            record = moved(template, name, place)
            (folder / "record.json").write_text(json.dumps(record, separators=(",", ":")), encoding="utf-8")
            for path in SOURCE.iterdir():
                if path.name != "record.json":
                    os.link(path, folder / path.name)


def moved(template: dict[str, Any], name: str, place: int) -> dict[str, Any]:
    random = generator("made up", name, place)
    task = all_tasks().get(name)
    about = {"name": name, "title": task.card.title if task else name, "fingerprint": fingerprint(name)}
    record = {**template, "task": {**template["task"], **about}}
    if task is not None and task.card.headline in template["scores"]:
        record["task"]["headline"] = task.card.headline
    record["track"] = track_of(about["fingerprint"], template["teacher"]["hash"], template["protocol"]["hash"])
    record["scores"] = {key: shifted(score, random.normal(0, 0.03)) for key, score in template["scores"].items()}
    return record


def shifted(score: dict[str, Any], by: float) -> dict[str, Any]:
    ends = ("value", "low", "high")
    return {**score, **{end: None if score[end] is None else round(score[end] + by, 9) for end in ends}}


def fingerprint(name: str) -> str:
    return f"sha256:{generator('fingerprint', name).bytes(32).hex()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=100)
    parser.add_argument("--tasks", type=int, default=13)
    parser.add_argument("--keep", type=Path, help="folder to write to and keep")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=SOURCE.parents[3]) as folder:
        root = options.keep or Path(folder)
        start = time.perf_counter()
        if not (root / "submissions").exists():
            write_entries(root / "submissions", options.tasks, range(options.entries))
            print(f"made up in {time.perf_counter() - start:.1f} s")
        for turn in ("first build", "nothing changed", "one entry more"):
            if turn == "one entry more":
                write_entries(root / "submissions", options.tasks, [options.entries])
            start = time.perf_counter()
            cache = root / "cache"
            report = build(
                root / "submissions",
                root / "board",
                cards(),
                distillers.cards(),
                cache=cache,
                processes=os.cpu_count() or 1,
            )
            print(f"{turn}: {report.rows:,} rows, {report.kept:,} entries kept, {time.perf_counter() - start:.1f} s")
        shutil.rmtree(root / "submissions" / f"entry-{options.entries:04d}")
        sizes = sorted(((path.stat().st_size, path) for path in (root / "board").rglob("*.html")), reverse=True)
        print(f"{len(sizes):,} pages, {sum(size for size, _ in sizes) / 1e6:.1f} MB; the largest:")
        for size, path in sizes[:5]:
            print(f"  {size / 1e6:.2f} MB  {path.relative_to(root / 'board')}")
        print(f"index: {(root / 'board' / 'index.html').stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
