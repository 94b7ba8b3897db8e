"""What was measured of a reference teacher, kept beside its config and tokenizer: a teacher without its weights.

    <folder>/reference.json         which checkpoint it is, and which tables there are
    <folder>/config.json, tokenizer or image processor
    <folder>/tables/<digest>.json    the key a probe measured under
    <folder>/tables/<digest>.parquet its rows

With them a new student is judged on the same track without the teacher. The digest leaves out what a reader cannot
choose, the versions of libraries and the device: the values are those of the machine that `reference.json` names.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from xkd_bench.errors import BadInputError
from xkd_bench.records import canonical_json
from xkd_bench.records.files import disk_errors, whole_folder, write_whole
from xkd_bench.records.schema import Count, Hash, Strict, Text

FILE, TABLES = "reference.json", "tables"
PREFIX = "reference:"
OF_THE_MACHINE = ("libraries", "explainer_libraries", "device")


class ReferenceRecord(Strict):
    """A teacher whose measurements are kept. parameters, bytes: of its weights. tables: probe → how many."""

    schema_version: Literal[1] = 1
    name: Text
    checkpoint: Hash
    parameters: Count
    bytes: Count
    tables: dict[str, Count]
    measured_with: dict[str, Text]
    device: Text


def read_reference(folder: Path) -> ReferenceRecord | None:
    """The reference in a folder, None where there is none. Raises `BadInputError` for one that does not parse."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        return ReferenceRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise BadInputError(
            where=str(path),
            expected="a reference as `xkd-bench reference keep` writes it",
            found=str(error).splitlines()[0],
            fix="take the folder from the repository again",
        ) from None


def _folders() -> list[Path]:
    """Where reference teachers are: in `submissions/` here, and in the checkout this program runs from."""
    roots = [Path("submissions"), Path(__file__).resolve().parents[2] / "submissions"]
    return [root / "reference" / "teachers" for root in roots]


def find_reference(name: str) -> Path:
    """The folder of `reference:NAME`."""
    folders = _folders()
    for folder in folders:
        if name and Path(name).name == name and (folder / name / FILE).is_file():
            return (folder / name).resolve()
    known = sorted({path.parent.name for folder in folders for path in folder.glob(f"*/{FILE}")})
    raise BadInputError(
        where=PREFIX + name,
        expected=f"a reference teacher: {', '.join(known)}"
        if known
        else "a checkout with submissions/reference/teachers",
        found="none of that name" if known else "none here",
        fix="start from the repository's checkout, or give the folder itself",
    )


def find_retrained(name: str) -> tuple[ReferenceRecord, tuple[ReferenceRecord, ...]]:
    """The reference teacher of a track, and those that were trained again beside it: `NAME-retrained-1`, …

    Raises `BadInputError` where there are none."""
    folder = find_reference(name)
    teacher = read_reference(folder)
    assert teacher is not None
    found: list[ReferenceRecord] = []
    while (one := read_reference(folder.with_name(f"{name}-retrained-{len(found) + 1}"))) is not None:
        found.append(one)
    if not found:
        raise BadInputError(
            where=str(folder.parent),
            expected=f"retrained teachers {name}-retrained-1, {name}-retrained-2, …",
            found="none",
            fix="train the teacher again with other seeds, evaluate with them and `xkd-bench reference keep` them",
        )
    return teacher, tuple(found)


def teachers_in(submissions: Path) -> list[Hash]:
    """Checkpoints of the reference teachers below a folder of submissions."""
    records = [
        read_reference(path.parent) for path in sorted((submissions / "reference" / "teachers").glob(f"*/{FILE}"))
    ]
    return [record.checkpoint for record in records if record is not None]


def kept_logits(checkpoint: Hash, data: Hash) -> dict[str, list[float]] | None:
    """What the reference teacher with this hash answered to the examples of this split, by id; None where no such
    teacher is at hand."""
    tables = (path for folder in _all_with(checkpoint) for path in sorted((folder / TABLES).glob("*.json")))
    for key_path in tables:
        key = json.loads(key_path.read_text(encoding="utf-8"))
        if key.get("probe") == "predictions" and key.get("data") == data:
            table = pq.read_table(key_path.with_suffix(".parquet"))
            ids, logits = table.column("example_id").to_pylist(), table.column("logits").to_pylist()
            return dict(zip(ids, logits, strict=True))
    return None


def reference_with(checkpoint: Hash) -> Path | None:
    """A folder of the reference teacher with this hash; None where none is at hand."""
    return next(_all_with(checkpoint), None)


def _all_with(checkpoint: Hash) -> Iterator[Path]:
    for folder in _folders():
        yield from _below(folder, checkpoint)


def _below(folder: Path, checkpoint: Hash) -> Iterator[Path]:
    for path in sorted(folder.glob(f"*/{FILE}")):
        record = read_reference(path.parent)
        if record is not None and record.checkpoint == checkpoint:
            yield path.parent


def of_one_teacher(folder: Path) -> tuple[Path, ...]:
    """The folder, and those beside it with tables of the same checkpoint: another protocol has a folder of its own."""
    record = read_reference(folder)
    others = () if record is None else _below(folder.parent, record.checkpoint)
    return (folder, *(other for other in others if other.name != folder.name))


def portable_digest(key: dict[str, Any]) -> str:
    """The digest of a store's key without what belongs to the machine."""
    kept = {name: value for name, value in key.items() if name not in OF_THE_MACHINE}
    return canonical_json.content_hash(kept).removeprefix("sha256:")


def find_table(folders: Sequence[Path], key: dict[str, Any], example_ids: Sequence[str]) -> pa.Table | None:
    """The rows kept under a key. Raises `BadInputError` where they are not those of these examples, in this order."""
    digest = portable_digest(key)
    for folder in folders:
        path = folder / TABLES / f"{digest}.parquet"
        if not path.is_file():
            continue
        try:
            table = pq.read_table(path)
            found = table.column("example_id").to_pylist()
        except (pa.ArrowException, KeyError, OSError) as error:
            found, problem = None, str(error).splitlines()[0]
        else:
            problem = "other example ids"
        if found != list(example_ids):
            raise BadInputError(
                where=str(path),
                expected="a whole table with a row for every example",
                found=problem,
                fix="take the reference teacher's folder from the repository again",
            )
        return table
    return None


def keep(
    store_root: Path, checkpoint: Hash, name: str, parameters: int, size: int, beside: Sequence[Path], folder: Path
) -> ReferenceRecord:
    """Write everything a store holds of a checkpoint to `folder`, whole or not at all; `beside` are files to copy.

    Raises `BadInputError` where nothing was measured, or only a part of something.
    """
    found = list(_measured(store_root, checkpoint))
    if not found:
        raise BadInputError(
            where=str(store_root),
            expected=f"measurements of {checkpoint[:19]}…",
            found="none",
            fix="evaluate a student against this teacher first, with the same --store",
        )
    libraries = {json.dumps(key["libraries"], sort_keys=True) for key, _ in found}
    devices = {str(key["device"]) for key, _ in found}
    if len(libraries) > 1 or len(devices) > 1:
        raise BadInputError(
            where=str(store_root),
            expected="measurements by one set of libraries on one kind of device",
            found=f"{len(libraries)} sets of libraries, {len(devices)} kinds of device",
            fix="measure again with a new --store",
        )
    counts: dict[str, int] = {}
    with disk_errors(folder, "nothing of it was written"), whole_folder(folder) as temporary:
        (temporary / TABLES).mkdir()
        for path in beside:
            shutil.copy(path, temporary / path.name)
        for key, shards in found:
            digest = portable_digest(key)
            write_whole(temporary / TABLES / f"{digest}.json", canonical_json.dumps(key))
            pq.write_table(
                pa.concat_tables([pq.read_table(shard) for shard in shards]),
                temporary / TABLES / f"{digest}.parquet",
                compression="zstd",
                compression_level=19,
            )
            counts[str(key["probe"])] = counts.get(str(key["probe"]), 0) + 1
        record = ReferenceRecord(
            name=name,
            checkpoint=checkpoint,
            parameters=parameters,
            bytes=size,
            tables=counts,
            measured_with=json.loads(libraries.pop()),
            device=devices.pop(),
        )
        write_whole(temporary / FILE, canonical_json.dumps(record.model_dump(mode="json")))
    return record


def _measured(store_root: Path, checkpoint: Hash) -> Iterator[tuple[dict[str, Any], list[Path]]]:
    """Keys and shards of every whole table of a checkpoint, in an order of their own."""
    for path in sorted(store_root.glob("*/*/*/key.json")):
        key = json.loads(path.read_text(encoding="utf-8"))
        shards = sorted(path.parent.glob("*.parquet"))
        if key.get("checkpoint") == checkpoint and shards:
            ids = [
                i for shard in shards for i in pq.read_table(shard, columns=["example_id"])["example_id"].to_pylist()
            ]
            if canonical_json.content_hash(ids) == key["example_ids"]:
                yield key, shards
