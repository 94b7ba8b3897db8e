"""A job: what is made, known by the hash of everything that its result depends on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal

from xkd_bench.records import canonical_json

Kind = Literal["start", "train", "round", "keep", "evaluate"]
KINDS: tuple[Kind, ...] = ("start", "train", "round", "keep", "evaluate")
JOB_VERSION = 1


@dataclass(frozen=True)
class Cost:
    """What a job is predicted to take. updates: of training; forwards: examples asked; disk: bytes that stay."""

    updates: int = 0
    forwards: int = 0
    seconds: float = 0.0
    disk: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.updates + other.updates,
            self.forwards + other.forwards,
            self.seconds + other.seconds,
            self.disk + other.disk,
        )


@dataclass(frozen=True)
class Job:
    """One thing to be made. identity: what the result depends on beside other jobs; needs: role → digest of a job that
    must be finished. recipe: how to make it, where the identity does not say so already; no part of the digest."""

    kind: Kind
    task: str
    label: str
    identity: dict[str, Any]
    needs: dict[str, str] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    cost: Cost = Cost()

    @cached_property
    def digest(self) -> str:
        whole = {"version": JOB_VERSION, "kind": self.kind, "identity": self.identity, "needs": self.needs}
        return canonical_json.content_hash(whole).removeprefix("sha256:")

    @property
    def title(self) -> str:
        return f"{self.task}: {self.kind} {self.label}"

    def as_json(self) -> dict[str, Any]:
        """The content of `job.json`."""
        return asdict(self)


def job_of(content: dict[str, Any]) -> Job:
    """The job a `job.json` holds."""
    return Job(**{**content, "cost": Cost(**content["cost"])})
