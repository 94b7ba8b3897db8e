"""Tables of a record on disk: written as small as they get, read as what a stranger may have made of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from xkd_bench.records.findings import SubmissionError

MOST_UNPACKED = 512 * 1024 * 1024  # bytes of a table in memory; the largest of ours has some forty million


def write_table(path: Path, table: pa.Table) -> None:
    """Numbers that hardly repeat want no dictionary, and of a few hundred rows nobody reads a part."""
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=19,
        use_dictionary=False,
        write_statistics=False,
        store_schema=False,
    )


def read_columns(path: Path, expected: str) -> dict[str, Any]:
    """Columns by name. expected: what the table should be, in words.

    Raises `SubmissionError` for a file that is no table, unpacks to too much, or hides text.
    """
    with reading(path, expected):
        metadata = pq.read_metadata(path)
        unpacked = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
        if unpacked > MOST_UNPACKED or metadata.num_columns > 10_000 or metadata.num_rows > 10_000_000:
            raise SubmissionError(
                "too-many-values",
                where=str(path),
                expected=f"at most {MOST_UNPACKED:,} bytes unpacked",
                found=f"{metadata.num_rows:,} rows, {metadata.num_columns:,} columns, {unpacked:,} bytes",
                fix="evaluate again: no table this program writes is as large",
            )
        if metadata.metadata:
            raise odd_columns(path, [f"a note {name.decode(errors='replace')!r}" for name in metadata.metadata])
        table = pq.read_table(path)
        if len(set(table.column_names)) != len(table.column_names):
            raise odd_columns(path, ["two of one name"])
        return {name: table.column(name) for name in table.column_names}


@contextmanager
def reading(path: Path, expected: str) -> Iterator[None]:
    """Whatever a damaged or hostile table makes a library raise becomes a finding that names the file."""
    try:
        yield
    except SubmissionError:
        raise
    except Exception as error:
        raise SubmissionError(
            "bad-table",
            where=str(path),
            expected=expected,
            found=f"{type(error).__name__}: {error}"[:300],
            fix="evaluate again",
        ) from None


def check_columns(path: Path, found: dict[str, Any], ours: pa.Table) -> None:
    """The columns of a file are those we would write of what we read in it: nothing beside the numbers travels."""
    wanted = {name: ours.schema.field(name).type for name in ours.column_names}
    odd = [name for name, column in found.items() if name not in wanted or column.type != wanted[name]]
    if odd:
        raise odd_columns(path, odd)


def odd_columns(path: Path, names: list[str]) -> SubmissionError:
    return SubmissionError(
        "odd-column",
        where=str(path),
        expected="the columns of its kind of table, and nothing beside them",
        found=", ".join(name.encode("unicode_escape").decode() for name in names)[:300],
        fix="evaluate again",
    )
