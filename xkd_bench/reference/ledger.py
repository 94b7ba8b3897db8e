"""The work folder: which jobs there are, who runs them, what came of them. Any number of processes may use it at once.

<work>/jobs/<digest>/job.json        what is made
                     lock            held by the process that makes it; the system drops it with the process
                     attempts/000.json  who tried, since when, and what came of it
                     result/         the student, the tables or the record
                     done.json       written last: without it the job is not finished
<work>/data/<hash>.json              fingerprints of data that no task file pins
"""

from __future__ import annotations

import json
import os
import socket
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from xkd_bench.errors import BadInputError, DiskError
from xkd_bench.records import canonical_json
from xkd_bench.records.files import write_whole
from xkd_bench.reference.jobs import Job, job_of

Outcome = Literal["finished", "failed", "refused", "died", "stopped"]
TRIED: tuple[Outcome, ...] = ("failed", "refused", "died")


class Ledger:
    """The jobs below `root`. Reading needs no lock: every file is written whole."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, digest: str) -> Path:
        return self.root / "jobs" / digest

    def result(self, digest: str) -> Path:
        """Where a job puts what it makes."""
        return self.folder(digest) / "result"

    def add(self, job: Job) -> None:
        """Write the job down, unless it is there."""
        path = self.folder(job.digest) / "job.json"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, canonical_json.dumps(job.as_json()))

    def job(self, digest: str) -> Job:
        return job_of(json.loads((self.folder(digest) / "job.json").read_text(encoding="utf-8")))

    def done(self, digest: str) -> dict[str, Any] | None:
        """What is known of a finished job, None for any other."""
        return read_json(self.folder(digest) / "done.json")

    def attempts(self, digest: str) -> list[dict[str, Any]]:
        """All that tried, in order; the last one without an outcome either runs or died."""
        found = [read_json(path) for path in sorted((self.folder(digest) / "attempts").glob("*.json"))]
        return [attempt for attempt in found if attempt is not None]

    def is_claimed(self, digest: str) -> bool:
        """Whether a process holds the job."""
        path = self.folder(digest) / "lock"
        if not path.is_file():
            return False
        try:
            with FileLock(path, timeout=0):
                return False
        except Timeout:
            return True

    @contextmanager
    def claimed(self, digest: str) -> Iterator[bool]:
        """Hold the job for the length of a block, if nobody does: says whether it is held."""
        lock = FileLock(self.folder(digest) / "lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def mark_dead(self, digest: str) -> None:
        """Say of an attempt that ended without a word that it died. Only for whoever holds the job."""
        attempts = self.attempts(digest)
        if attempts and "outcome" not in attempts[-1]:
            last = attempts[-1]
            reason = f"process {last['pid']} on {last['host']} ended without a word: killed, or its machine was lost"
            self._end(digest, len(attempts) - 1, last, "died", reason)

    @contextmanager
    def attempt(self, digest: str, worker: str) -> Iterator[dict[str, Any]]:
        """Note who tries a held job, and what comes of it; the block fills in what `done.json` shall say."""
        number, known = len(self.attempts(digest)), {"pid": os.getpid(), "host": socket.gethostname()}
        begun = {**known, "worker": worker, "started": now()}
        (self.folder(digest) / "attempts").mkdir(exist_ok=True)
        write_whole(self._attempt(digest, number), canonical_json.dumps(begun))
        made: dict[str, Any] = {}
        try:
            yield made
        except BaseException as error:
            with suppress(OSError):  # a full disk has been told already
                self._end(digest, number, begun, _outcome(error), _reason(error))
            raise
        write_whole(self.folder(digest) / "done.json", canonical_json.dumps({**made, "finished": now()}))
        self._end(digest, number, begun, "finished", "")

    def tries(self, digest: str, since: str) -> int:
        """How often a job failed, was refused or died since a moment; one that was refused is not worth another try."""
        recent = [attempt for attempt in self.attempts(digest) if attempt.get("ended", "") >= since]
        tried = [attempt["outcome"] for attempt in recent if attempt["outcome"] in TRIED]
        return 1_000_000 if "refused" in tried else len(tried)

    def remembered(self, key: dict[str, Any]) -> Path:
        """The file for a fingerprint of data."""
        (self.root / "data").mkdir(parents=True, exist_ok=True)
        return self.root / "data" / f"{canonical_json.content_hash(key).removeprefix('sha256:')}.json"

    def _attempt(self, digest: str, number: int) -> Path:
        return self.folder(digest) / "attempts" / f"{number:03d}.json"

    def _end(self, digest: str, number: int, begun: dict[str, Any], outcome: Outcome, reason: str) -> None:
        told = {**begun, "ended": now(), "outcome": outcome, "reason": reason}
        write_whole(self._attempt(digest, number), canonical_json.dumps(told))


def _outcome(error: BaseException) -> Outcome:
    if isinstance(error, BadInputError):
        return "stopped" if isinstance(error, DiskError) else "refused"
    return "failed" if isinstance(error, Exception) else "stopped"


def _reason(error: BaseException) -> str:
    if isinstance(error, BadInputError):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(last.filename).name}, line {last.lineno})"


def read_json(path: Path) -> dict[str, Any] | None:
    """A small JSON file, None where there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return content if isinstance(content, dict) else None


def now() -> str:
    """This moment, so that texts sort as moments do."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
