"""What papers claim, and what would have to be seen for a claim to hold: one TOML a paper in `claims/`.

A file is written before the runs that it is held against, and git shows when; what is changed afterwards is listed in
it. `verdicts.claims` holds the claims against the reference entries.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from xkd_bench.errors import BadInputError
from xkd_bench.tasks.card import Strict, first_problem, read_toml
from xkd_bench.tasks.registry import builtin_folder

Kind = Literal["level", "difference", "equivalence"]
Family = Literal["answers", "quality", "reasons", "faithfulness", "robustness"]


class Claim(Strict):
    """One sentence of a paper.

    kind: whether a score lies below or above `threshold`; whether it is greater or less with `method` than with
    `against`; whether both are equivalent within `margin`. score: as in records, `headline` for each task's own.
    explainers, parts: what the score is measured with; a verdict needs all of them, and all tasks. method, against:
    names of reference entries without their seed. against_explainers: in place of `against`, the explainer that each of
    `explainers` is held against on the same students. family: claims whose p-values are adjusted together.
    not_testable, artefact: why nothing is held against it here.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]
    quote: str
    place: str
    their_n: str
    their_seeds: int
    hypothesis: str = ""
    kind: Kind | None = None
    score: str = ""
    method: str = ""
    against: str = ""
    expected: Literal["above", "below", "greater", "less"] | None = None
    threshold: float | None = None
    margin: Annotated[float, Field(gt=0)] | None = None
    explainers: tuple[str, ...] = ()
    against_explainers: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    family: Family | None = None
    note: str = ""
    deviations: tuple[str, ...] = ()
    not_testable: str = ""
    artefact: str = ""

    @property
    def is_tested(self) -> bool:
        return not (self.not_testable or self.artefact)

    def counterpart(self, score: str) -> str:
        """The score that one is held against: the same, or that by the explainer named against its own."""
        reading, _, part = score.partition(".")
        name, dot, fill = part.partition(".")
        if not self.against_explainers or name not in self.explainers:
            return score
        return f"{reading}.{self.against_explainers[self.explainers.index(name)]}{dot}{fill}"

    @model_validator(mode="after")
    def _whole(self) -> Claim:
        """What its kind needs is there."""
        if not self.is_tested:
            return self
        needs: dict[Kind, tuple[str, ...]] = {
            "level": ("threshold", "expected"),
            "difference": ("against", "expected"),
            "equivalence": ("against", "margin"),
        }
        if self.kind is None:
            raise ValueError(f"claim {self.name}: it has a kind, or says why it is not tested")
        if self.against_explainers and (self.against or len(self.against_explainers) != len(self.explainers)):
            raise ValueError(f"claim {self.name}: against_explainers are as many as explainers, and stand for against")
        other = "against_explainers" if self.against_explainers else "against"
        apart = tuple(other if one == "against" else one for one in needs[self.kind])
        wanted = ("hypothesis", "score", "method", "tasks", "family", *apart)
        missing = [one for one in wanted if getattr(self, one) in (None, "", ())]
        if missing:
            raise ValueError(f"claim {self.name}: a {self.kind} needs {', '.join(missing)}")
        allowed = ("above", "below") if self.kind == "level" else ("greater", "less")
        if self.kind != "equivalence" and self.expected not in allowed:
            raise ValueError(f"claim {self.name}: expected is one of {', '.join(allowed)}")
        return self


class PaperClaims(Strict):
    """The claims of one paper. seen: which results of our own had been looked at when they were written."""

    schema_version: Literal[1] = 1
    paper: str
    title: str
    written: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    seen: str
    claims: tuple[Claim, ...]


@cache
def claims_of_papers() -> tuple[PaperClaims, ...]:
    """In order of file name. Raises `BadInputError` naming file and field, and for a claim that is there twice."""
    found = tuple(read_claims(path) for path in sorted((builtin_folder() / "claims").glob("*.toml")))
    names = [claim.name for paper in found for claim in paper.claims]
    if twice := {name for name in names if names.count(name) > 1}:
        raise BadInputError(
            where="tasks/claims",
            expected="every claim under a name of its own",
            found=f"{', '.join(sorted(twice))} twice",
            fix="rename one of them",
        )
    return found


def read_claims(path: Path) -> PaperClaims:
    """One file. Raises `BadInputError` naming the field that is wrong."""
    try:
        return PaperClaims.model_validate(read_toml(path))
    except ValidationError as error:
        field, message = first_problem(error)
        raise BadInputError(
            where=f"{path}, {field}",
            expected="a file like tasks/claims/ad_kd.toml",
            found=message,
            fix="mend this field",
        ) from None
