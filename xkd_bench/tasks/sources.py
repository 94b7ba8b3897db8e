"""Where rows come from: the hub, a folder in its layout, files of one's own, or a generator."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xkd_bench.errors import BadInputError
from xkd_bench.tasks.card import DataCard, TaskCard
from xkd_bench.tasks.registry import Task

Rows = dict[str, list[Any]]  # column → values
NO_ROWS = ("corresponds to no data", "BatchSize must be greater than 0")  # how `datasets` says it


def read_rows(task: Task, split: str, root: Path | None) -> tuple[Rows, list[str] | None]:
    """The columns a task needs of a split, and the label names the data itself declares (hub datasets do).

    split: as the task file names it. Raises `BadInputError` for data that cannot be had or read.
    """
    data = task.card.data
    if data.source == "generator":
        return _generated(data, split), None
    try:
        dataset = _hub_split(task, split, root) if data.source == "hub" else _own_file(task, split)
    except BadInputError:
        raise
    except Exception as error:
        # `datasets` raises a dozen kinds for "cannot be had"; the user needs the place and the reason.
        found = _reason(error)
        if any(words in found for words in NO_ROWS):
            raise empty_split(f"{task.name}, split {Path(split).stem}") from error
        raise BadInputError(
            where=f"{task.name}, split {split}",
            expected=f"readable data from {data.hub or task.path.parent / split}",
            found=found,
            fix="mend the file, or fetch it again"
            if data.source == "files" or root is not None
            else "give a folder in the hub's layout with --data-root (or XKD_BENCH_DATA), or connect to the hub",
        ) from error
    feature = dataset.features.get(data.columns.label)
    names = getattr(feature, "names", None)
    needed = needed_columns(task.card)
    kept = [column for column in dataset.column_names if column in needed]
    dataset = _undecoded(dataset.select_columns(kept) if kept else dataset)
    return {column: list(dataset[column]) for column in dataset.column_names}, names


def _undecoded(dataset: Any) -> Any:
    """Images as the bytes of their files: decoded here, row by row, so that a broken one can be named."""
    import datasets

    for column, feature in dataset.features.items():
        if isinstance(feature, datasets.Image):
            dataset = dataset.cast_column(column, datasets.Image(decode=False))
    return dataset


def empty_split(where: str) -> BadInputError:
    return BadInputError(where=where, expected="at least one row", found="an empty split", fix="check the data file")


def _reason(error: BaseException) -> str:
    """First line of what went wrong first: `datasets` wraps it in "an error occurred while generating"."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"


def needed_columns(card: TaskCard) -> set[str]:
    """Names of the columns that a task file speaks of; of `a.b` the struct `a`."""
    columns = card.data.columns
    named = (*columns.id, *(columns.text or ()), *(columns.text_pair or ()), *columns.cluster, columns.label)
    images_and_pairs = [name for name in (columns.image, columns.pairs) if name]
    slices = [part.column for part in card.slices.values()]
    return {name.split(".")[0] for name in (*named, *slices, *images_and_pairs)}


def _quiet_datasets() -> Any:
    import datasets

    datasets.disable_progress_bars()  # rows of a local file are read in a moment
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # what is wrong is said once, by us
    return datasets


def _hub_split(task: Task, split: str, root: Path | None) -> Any:
    """One split from the hub, or from `<root>/<name>/<config>/<split>-*.parquet`, the hub's own layout."""
    data = task.card.data
    assert data.hub is not None
    if root is None:
        import datasets  # with its own progress: a download can take minutes

        return datasets.load_dataset(data.hub, data.config, split=split, revision=data.revision)
    folder = root / data.hub.rsplit("/", 1)[-1] / (data.config or "")
    files = sorted(str(path) for path in folder.glob(f"{split}-*.parquet"))
    if not files:
        raise BadInputError(
            where=f"{task.name}, split {split}",
            expected=f"{folder}/{split}-*.parquet (the hub's layout under --data-root or XKD_BENCH_DATA)",
            found="no such file" if folder.is_dir() else "no such folder",
            fix=f"put the {split} split there, or unset the data root to load {data.hub} from the hub",
        )
    return _read_files("parquet", files, {})


def _read_files(builder: str, files: list[str], options: dict[str, Any]) -> Any:
    """Local files through `datasets`, in memory: its cache goes by path and time of change and could be out of date."""
    with tempfile.TemporaryDirectory(prefix="xkd-bench-") as cache:
        return _quiet_datasets().load_dataset(
            builder, data_files={"rows": files}, split="rows", cache_dir=cache, keep_in_memory=True, **options
        )


def _own_file(task: Task, name: str) -> Any:
    """The user's own CSV, JSON lines or Parquet file, named relative to the task file."""
    path = (task.path.parent / name).resolve()
    builders = {".csv": "csv", ".tsv": "csv", ".jsonl": "json", ".json": "json", ".parquet": "parquet"}
    builder = builders.get(path.suffix.lower())
    if builder is None or not path.is_file():
        raise BadInputError(
            where=f"{task.path}, [data]",
            expected="an existing .csv, .tsv, .jsonl or .parquet file, named relative to the task file",
            found=f"{path}" if builder is None else f"no file {path}",
            fix="correct the file name",
        )
    if path.stat().st_size == 0:
        raise empty_split(f"{task.name}, {path}")
    options: dict[str, Any] = {}
    if builder == "csv":
        # Every cell as it is written: else "None" and "NA" become missing values, and the id 007 the number 7.
        written = dict.fromkeys(needed_columns(task.card), str)
        options = {
            "keep_default_na": False,
            "converters": written,
            "sep": "\t" if path.suffix.lower() == ".tsv" else ",",
        }
    return _read_files(builder, [str(path)], options)


def _generated(data: DataCard, split: str) -> Rows:
    makers: dict[str, Callable[[str], list[dict[str, Any]]]] = {"grammar": _grammar, "digits": _digits}
    assert data.generator is not None
    rows = makers[data.generator](split)
    return {column: [row[column] for row in rows] for column in rows[0]} if rows else {}


def _grammar(split: str) -> list[dict[str, Any]]:
    from xkd_bench.tasks import grammar

    return grammar.generate(split)


def _digits(split: str) -> list[dict[str, Any]]:
    from xkd_bench.tasks import digits

    return digits.generate(split)
