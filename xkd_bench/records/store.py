"""The content-addressed store behind every probe: what was measured once is never measured again.

    <root>/<probe>/<first two hex digits>/<hash of the key>/key.json
                                                            00000.parquet   rows of example ids 0 … 63
                                                            00001.parquet   …
                                                            locks/

The key holds everything a row depends on. A shard is 64 examples, written under a temporary name and renamed: it is
there whole or not at all, so a killed run goes on where it stopped. A lock per shard lets workers share a table; the
operating system drops it with the process that held it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from xkd_bench.records import canonical_json
from xkd_bench.records.files import disk_errors, write_whole
from xkd_bench.records.reference_tables import find_table

SHARD_ROWS = 64
SHARDS_AT_ONCE = 16
ID_COLUMN = "example_id"

Compute = Callable[[list[int]], pa.Table]  # positions → one row for each, in that order


def default_store() -> Path:
    """`XKD_BENCH_STORE`, else a folder in the platform's cache."""
    from platformdirs import user_cache_path

    return Path(os.environ["XKD_BENCH_STORE"]) if os.environ.get("XKD_BENCH_STORE") else user_cache_path("xkd-bench")


class Store:
    """A folder of tables. Any number of processes may use it at once.

    references: folders of reference teachers (`records.reference_tables`), whose tables are read before anything is
    measured.
    """

    def __init__(self, root: Path, references: Sequence[Path] = ()) -> None:
        self.root, self.references = root, tuple(references)

    def with_references(self, folders: Sequence[Path]) -> Store:
        return Store(self.root, (*self.references, *folders))

    def table(self, probe: str, key: dict[str, Any], example_ids: Sequence[str]) -> StoredTable:
        """The table of one probe under one key. The ids are part of the key: a sample is a table of its own."""
        whole = {"probe": probe, **key, "example_ids": canonical_json.content_hash(list(example_ids))}
        digest = canonical_json.content_hash(whole).removeprefix("sha256:")
        folder = self.root / probe / digest[:2] / digest
        return StoredTable(folder, whole, tuple(example_ids), self.references)


class StoredTable:
    """Rows of a probe, one an example id, in shards of 64."""

    def __init__(
        self, folder: Path, key: dict[str, Any], example_ids: tuple[str, ...], references: tuple[Path, ...] = ()
    ) -> None:
        self.folder, self.key, self.example_ids, self.references = folder, key, example_ids, references
        self.shards = range(-(-len(example_ids) // SHARD_ROWS))

    def fill(
        self,
        compute: Compute,
        resumed: Callable[[int], None] = lambda count: None,
        shards_at_once: int = SHARDS_AT_ONCE,
    ) -> pa.Table:
        """Compute what is missing, then return the whole table in the order of `example_ids`.

        compute: called with the positions of the examples of up to `shards_at_once` missing shards; more fill batches
        better, fewer lose less when a run is killed. resumed: hears how many examples were in the store. Raises
        `BadInputError` when the disk is full; what was written so far stays.
        """
        kept = find_table(self.references, self.key, self.example_ids)
        if kept is not None:
            resumed(len(self.example_ids))
            return kept
        with disk_errors(self.folder, "what was measured so far is kept (another place: --store)"):
            (self.folder / "locks").mkdir(parents=True, exist_ok=True)
            self._write_key()
            present = [shard for shard in self.shards if self._intact(shard)]
            resumed(sum(len(self._positions(shard)) for shard in present))
            missing = [shard for shard in self.shards if shard not in set(present)]
            while missing:
                self._compute_some(missing, compute, shards_at_once)
                missing = [shard for shard in missing if not self._path(shard).exists()]
        return self.read()

    def read(self) -> pa.Table:
        """All rows. Every shard must be there."""
        if not self.example_ids:
            raise ValueError("a table of no examples")
        return pa.concat_tables([pq.read_table(self._path(shard)) for shard in self.shards])

    def _compute_some(self, missing: list[int], compute: Compute, at_once: int) -> None:
        with ExitStack() as locks:
            claimed = []
            for shard in missing:
                if self._claim(shard, locks) and not self._path(shard).exists():
                    claimed.append(shard)
                if len(claimed) == at_once:
                    break
            if not claimed:
                time.sleep(0.2)  # other workers hold all that is missing
                return
            positions = [position for shard in claimed for position in self._positions(shard)]
            table = compute(positions)
            if table.num_rows != len(positions):
                raise ValueError(f"the probe gave {table.num_rows} rows for {len(positions)} examples")
            start = 0
            for shard in claimed:
                rows = len(self._positions(shard))
                self._write(shard, table.slice(start, rows))
                start += rows

    def _claim(self, shard: int, locks: ExitStack) -> bool:
        try:
            locks.enter_context(FileLock(self.folder / "locks" / f"{shard:05d}.lock", timeout=0))
        except Timeout:
            return False
        return True

    def _positions(self, shard: int) -> range:
        return range(shard * SHARD_ROWS, min((shard + 1) * SHARD_ROWS, len(self.example_ids)))

    def _path(self, shard: int) -> Path:
        return self.folder / f"{shard:05d}.parquet"

    def _write(self, shard: int, rows: pa.Table) -> None:
        ids = pa.array([self.example_ids[position] for position in self._positions(shard)], pa.string())
        temporary = self.folder / f"{shard:05d}.{os.getpid()}.tmp"
        try:
            pq.write_table(rows.add_column(0, ID_COLUMN, ids), temporary, compression="zstd")
            temporary.replace(self._path(shard))
        finally:
            temporary.unlink(missing_ok=True)

    def _write_key(self) -> None:
        if not (self.folder / "key.json").exists():
            write_whole(self.folder / "key.json", canonical_json.dumps(self.key))

    def _intact(self, shard: int) -> bool:
        """Whether a shard is there and holds its ids. A damaged one is removed, to be measured again."""
        path = self._path(shard)
        if not path.exists():
            return False
        try:
            found = pq.read_table(path, columns=[ID_COLUMN]).column(ID_COLUMN).to_pylist()
        except (pa.ArrowException, OSError):
            found = []
        if found == [self.example_ids[position] for position in self._positions(shard)]:
            return True
        path.unlink(missing_ok=True)
        return False
