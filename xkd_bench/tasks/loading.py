"""From a task file to examples: the hub, a folder in the hub's layout, the user's own files, or a generator."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from xkd_bench.errors import BadInputError
from xkd_bench.tasks.card import ColumnCard, DataCard, TaskCard
from xkd_bench.tasks.examples import Examples, ImageInput, Input, TextInput, fingerprint, id_order
from xkd_bench.tasks.registry import Task

Role = Literal["train", "evaluation"]
Rows = dict[str, list[Any]]  # column → values
NO_ROWS = ("corresponds to no data", "BatchSize must be greater than 0")  # how `datasets` says it


def data_root(option: Path | None) -> Path | None:
    """The folder in the hub's layout: `--data-root`, else the environment's XKD_BENCH_DATA, else none."""
    if option is not None:
        return option
    return Path(os.environ["XKD_BENCH_DATA"]) if os.environ.get("XKD_BENCH_DATA") else None


def split_name(task: Task, role: Role) -> str:
    """Name of the split that plays a role; for own files the file's stem."""
    data = task.card.data
    name = data.train if role == "train" else data.evaluation
    if name is None:
        raise BadInputError(
            where=str(task.path),
            expected="a train split ([data] train = …)",
            found="none",
            fix="name the training data in the task file",
        )
    return Path(name).stem if data.source == "files" else name


def load(task: Task, role: Role, root: Path | None = None) -> Examples:
    """The examples of a split, in canonical order, checked against the split's pin where it has one.

    Raises `BadInputError` for data that is missing, empty, lacks a column, holds an unknown label or a doubled id, or
    whose fingerprint differs from the pin.
    """
    name = split_name(task, role)
    rows, label_names = _read_rows(task, role, root)
    where = f"{task.name}, split {name}"
    columns = task.card.data.columns
    _check_columns(columns, task.card, rows, where)
    count = len(next(iter(rows.values())))
    if count == 0:
        raise _empty(where)
    example_ids = _ids(columns, rows, count, where)
    inputs = _inputs(task.card, rows, count, where)
    labels = _labels(task.card, rows[columns.label], label_names, where)
    order = sorted(range(count), key=lambda i: id_order(example_ids[i]))
    clusters = None
    if columns.cluster:
        clusters = np.asarray(_joined(columns.cluster, rows, count, "-"), dtype=object)
    found = fingerprint(task.card, example_ids, inputs, labels)
    _check_pin(task.card.data, name, found, where)
    examples = Examples(
        task=task.card,
        split=name,
        example_ids=tuple(example_ids),
        inputs=tuple(inputs),
        labels=labels,
        fingerprint=found,
        clusters=clusters,
        slices=_slices(task.card, rows, count, where) if role == "evaluation" else {},
    )
    return examples.take(order)


def _read_rows(task: Task, role: Role, root: Path | None) -> tuple[Rows, list[str] | None]:
    """All columns of a split, and the label names the data itself declares (hub datasets do)."""
    data = task.card.data
    wanted = data.train if role == "train" else data.evaluation
    assert wanted is not None  # split_name has refused this
    if data.source == "generator":
        return _generated(data, wanted), None
    try:
        dataset = _hub_split(task, wanted, root) if data.source == "hub" else _own_file(task, wanted)
    except BadInputError:
        raise
    except Exception as error:
        # `datasets` raises a dozen kinds for "cannot be had"; the user needs the place and the reason.
        found = _reason(error)
        if any(words in found for words in NO_ROWS):
            raise _empty(f"{task.name}, split {split_name(task, role)}") from error
        raise BadInputError(
            where=f"{task.name}, split {wanted}",
            expected=f"readable data from {data.hub or task.path.parent / wanted}",
            found=found,
            fix="mend the file, or fetch it again"
            if data.source == "files" or root is not None
            else "give a folder in the hub's layout with --data-root (or XKD_BENCH_DATA), or connect to the hub",
        ) from error
    feature = dataset.features.get(data.columns.label)
    names = getattr(feature, "names", None)
    needed = _needed_columns(task.card)
    kept = [column for column in dataset.column_names if column in needed]
    dataset = dataset.select_columns(kept) if kept else dataset
    return {column: list(dataset[column]) for column in dataset.column_names}, names


def _empty(where: str) -> BadInputError:
    return BadInputError(where=where, expected="at least one row", found="an empty split", fix="check the data file")


def _reason(error: BaseException) -> str:
    """First line of what went wrong first: `datasets` wraps it in "an error occurred while generating"."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"


def _needed_columns(card: TaskCard) -> set[str]:
    columns = card.data.columns
    named = (*columns.id, *(columns.text or ()), *(columns.text_pair or ()), *columns.cluster, columns.label)
    slices = [part.column for part in card.slices.values()]
    return {name.split(".")[0] for name in (*named, *slices, *([columns.image] if columns.image else []))}


def _quiet_datasets() -> Any:
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # what is wrong is said once, by us
    return datasets


def _hub_split(task: Task, split: str, root: Path | None) -> Any:
    """One split from the hub, or from `<root>/<name>/<config>/<split>-*.parquet`, the hub's own layout."""
    data = task.card.data
    assert data.hub is not None
    if root is None:
        return _quiet_datasets().load_dataset(data.hub, data.config, split=split, revision=data.revision)
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
        raise _empty(f"{task.name}, {path}")
    options: dict[str, Any] = {}
    if builder == "csv":
        # Every cell as it is written: else "None" and "NA" become missing values, and the id 007 the number 7.
        written = dict.fromkeys(_needed_columns(task.card), str)
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


def _column(name: str, rows: Rows) -> list[Any]:
    """Values of a column; `a.b` reaches into a struct."""
    head, _, rest = name.partition(".")
    values = rows[head]
    return [value[rest] for value in values] if rest else values


def _joined(names: tuple[str, ...], rows: Rows, count: int, glue: str) -> list[str]:
    columns = [_column(name, rows) for name in names]
    return [glue.join(str(column[i]) for column in columns) for i in range(count)]


def _check_columns(columns: ColumnCard, card: TaskCard, rows: Rows, where: str) -> None:
    missing = sorted(_needed_columns(card) - set(rows))
    if missing:
        raise BadInputError(
            where=where,
            expected=f"columns {', '.join(sorted(_needed_columns(card)))}",
            found=f"no column {', '.join(missing)} (there are: {', '.join(sorted(rows)) or 'none'})",
            fix="add the column, or name the right one under [data.columns] of the task file",
        )


def _ids(columns: ColumnCard, rows: Rows, count: int, where: str) -> list[str]:
    if not columns.id:
        return [str(i) for i in range(count)]
    ids = _joined(columns.id, rows, count, "-")
    if len(set(ids)) != count:
        seen: set[str] = set()
        double = next(i for i in ids if i in seen or seen.add(i))  # type: ignore[func-returns-value]
        raise BadInputError(
            where=where,
            expected=f"a different id in {'-'.join(columns.id)} for each row",
            found=f"id {double!r} more than once",
            fix="remove the double rows, or name a column that tells rows apart",
        )
    return ids


def _inputs(card: TaskCard, rows: Rows, count: int, where: str) -> list[Input]:
    columns = card.data.columns
    if card.modality == "image":
        assert columns.image is not None
        return [_image(value, f"{where}, row {i}") for i, value in enumerate(rows[columns.image])]
    assert columns.text is not None
    for name in (*columns.text, *(columns.text_pair or ())):
        for i, value in enumerate(_column(name, rows)):
            if not isinstance(value, str):
                raise BadInputError(
                    where=f"{where}, row {i}, column {name}",
                    expected="a text",
                    found=f"{type(value).__name__} {value!r}",
                    fix="mend the row, or remove it",
                )
    first = _joined(columns.text, rows, count, " ")
    if columns.text_pair is None:
        return [TextInput(text) for text in first]
    second = _joined(columns.text_pair, rows, count, " ")
    return [TextInput(text, pair) for text, pair in zip(first, second, strict=True)]


def _image(value: Any, where: str) -> ImageInput:
    """A PIL image (what `datasets` decodes to) or an array, as RGB pixels."""
    if isinstance(value, np.ndarray):
        return ImageInput(value)
    try:
        return ImageInput(np.asarray(value.convert("RGB"), dtype=np.uint8))
    except (AttributeError, OSError, ValueError) as error:
        raise BadInputError(
            where=where, expected="a readable PNG or JPEG", found=str(error), fix="replace the image"
        ) from None


def _labels(card: TaskCard, values: list[Any], declared: list[str] | None, where: str) -> NDArray[Any]:
    """Labels in the task's canonical order. Integers follow the names the data declares, else the task's own order."""
    if card.kind == "regression":
        targets = np.asarray([np.nan if value is None else _number(value, where, i) for i, value in enumerate(values)])
        # GLUE writes −1 for the hidden scores of a test split; no regression task of ours has negative targets there.
        return np.where((targets == -1.0).all(), np.nan, targets).astype(np.float64)
    positions = _label_positions(card, declared, where)
    labels = np.empty(len(values), dtype=np.int64)
    for i, value in enumerate(values):
        if value is None or value in (-1, "-1"):
            labels[i] = -1
            continue
        position = positions.get(str(value).strip().lower())
        if position is None:
            raise BadInputError(
                where=f"{where}, row {i}",
                expected=f"a label among {', '.join(card.labels)} (or its index)",
                found=repr(value),
                fix="correct the row, or the names under labels in the task file",
            )
        labels[i] = position
    return labels


def _label_positions(card: TaskCard, declared: list[str] | None, where: str) -> dict[str, int]:
    """How a label may be written in the data (index, name or alias) → its canonical index."""
    spelled = {name.lower(): i for i, name in enumerate(card.labels)}
    for name, aliases in card.label_aliases.items():
        spelled |= {alias.lower(): card.labels.index(name) for alias in aliases}
    names = [name.lower() for name in declared] if declared else [name.lower() for name in card.labels]
    if declared and len(declared) != len(card.labels):
        raise BadInputError(
            where=where,
            expected=f"{len(card.labels)} labels: {', '.join(card.labels)}",
            found=f"{len(declared)}: {', '.join(declared)}",
            fix="use the data the task file describes",
        )
    if declared and any(name not in spelled for name in names):
        names = [name.lower() for name in card.labels]  # the data's own names say nothing: indices are canonical
    return spelled | {str(index): spelled[name] for index, name in enumerate(names)}


def _number(value: Any, where: str, row: int) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise BadInputError(
            where=f"{where}, row {row}", expected="a number", found=repr(value), fix="correct the row"
        ) from None


def _slices(card: TaskCard, rows: Rows, count: int, where: str) -> dict[str, NDArray[np.bool_]]:
    masks = {}
    for name, part in card.slices.items():
        values = _column(part.column, rows)
        mask = np.ones(count, dtype=bool)
        if part.equals is not None:
            mask &= np.asarray([str(value) == part.equals for value in values])
        if part.at_least is not None or part.below is not None:
            numbers = np.asarray([_number(value, f"{where}, slice {name}", i) for i, value in enumerate(values)])
            mask &= numbers >= part.at_least if part.at_least is not None else True
            mask &= numbers < part.below if part.below is not None else True
        masks[name] = mask
    return masks


def _check_pin(data: DataCard, split: str, found: str, where: str) -> None:
    pinned = data.fingerprints.get(split)
    if pinned is not None and pinned != found:
        raise BadInputError(
            where=where,
            expected=f"the official rows, fingerprint {pinned}",
            found=f"other rows, fingerprint {found}",
            fix="fetch the split again; to use other data on purpose, describe it in a task file of your own",
        )
