"""Claims are held against methods: over seeds and examples, in families, and only where every reading agrees."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from xkd_bench.errors import BadInputError
from xkd_bench.leaderboard.pages.claims import claims_page
from xkd_bench.metrics.registry import cards
from xkd_bench.records.submission import Submission, read_submission
from xkd_bench.tasks.claims import Claim, PaperClaims, claims_of_papers, read_claims
from xkd_bench.tasks.registry import builtin_folder
from xkd_bench.verdicts.claims import ClaimVerdict, judge_claims

ROOT = Path(__file__).resolve().parents[2]
TASK = "glue/sst2"
BASE = {
    "name": "one",
    "quote": "q",
    "place": "p",
    "their_n": "1",
    "their_seeds": 1,
    "hypothesis": "h",
    "score": "kappa",
    "method": "good",
    "tasks": (TASK,),
    "family": "answers",
}
DIFFERENCE = BASE | {"kind": "difference", "against": "bad", "expected": "greater"}
Variant = Callable[..., Path]


def verdicts(claims: list[dict], entries: list[Submission]) -> list[ClaimVerdict]:
    made = tuple(Claim.model_validate(one) for one in claims)
    return judge_claims([PaperClaims(paper="p", title="P", written="2026-11-28", seen="nothing", claims=made)], entries)


def seeds(variant: Variant, method: str, wrong: list[int]) -> list[Submission]:
    """A student a seed, the first `wrong` of whose answers are turned round."""
    found = []
    for seed, count in enumerate(wrong):
        name = method if seed == 0 else f"{method}-seed{seed}"
        found.append(read_submission(variant(name, wrong=count, seed=seed), f"reference/{name}"))
    return found


def test_three_seeds_of_each_show_a_large_difference_in_either_direction(variant: Variant) -> None:
    entries = [*seeds(variant, "good", [0, 3, 6]), *seeds(variant, "bad", [150, 155, 160])]
    (one, other) = verdicts([DIFFERENCE, DIFFERENCE | {"name": "two", "expected": "less"}], entries)
    assert (one.verdict, other.verdict) == ("supported", "contradicted")
    (cell,) = one.cells
    assert len(cell.values) == len(cell.against) == 3
    assert cell.difference is not None
    assert cell.difference > 0.2
    assert one.sentence == ("On SST-2, 6 → 3 blocks, 3 seeds, the direction is supported; magnitude not compared.")


def test_one_seed_says_nothing_of_a_method_however_large_the_difference(variant: Variant) -> None:
    entries = [*seeds(variant, "good", [0]), *seeds(variant, "bad", [200, 201, 202])]
    (found,) = verdicts([DIFFERENCE], entries)
    assert found.verdict == "cannot be told"
    assert "one seed" in found.cells[0].reason
    assert found.cells[0].p_value is None


@pytest.mark.parametrize(("status", "told"), [("valid", "supported"), ("weak", "cannot be told")])
def test_students_that_did_not_learn_the_task_say_nothing_of_a_method(variant: Variant, status: str, told: str) -> None:
    def gate(record: dict) -> None:
        record["gate"]["student"]["status"] = status

    apart = [read_submission(variant("bad-seed2", wrong=160, seed=2, edit=gate), "reference/bad-seed2")]
    entries = [*seeds(variant, "good", [0, 3, 6]), *seeds(variant, "bad", [150, 155]), *apart]
    (found,) = verdicts([DIFFERENCE], entries)
    assert found.verdict == told
    (cell,) = found.cells
    assert len(cell.against) == 3, "what was seen is shown all the same"
    assert (cell.p_value is None) == (status == "weak")
    assert cell.reason == ("1 of 3 students of bad did not pass their gate" if status == "weak" else "")


def test_seeds_that_stray_as_far_as_the_difference_show_nothing(variant: Variant) -> None:
    entries = [*seeds(variant, "good", [0, 120, 240]), *seeds(variant, "bad", [60, 140, 250])]
    (found,) = verdicts([DIFFERENCE], entries)
    assert found.verdict == "cannot be told"
    assert found.cells[0].p_value is not None


def test_a_level_and_an_equivalence(variant: Variant) -> None:
    entries = [*seeds(variant, "good", [0, 3, 6]), *seeds(variant, "bad", [1, 4, 7])]
    level = BASE | {"kind": "level", "expected": "above", "threshold": 0.1}
    equal = BASE | {"name": "two", "kind": "equivalence", "against": "bad", "margin": 0.05}
    tight = equal | {"name": "three", "margin": 0.0001}
    below = level | {"name": "four", "expected": "below"}
    found = verdicts([level, equal, tight, below], entries)
    assert [one.verdict for one in found] == ["supported", "supported", "cannot be told", "contradicted"]
    far = [*entries[:3], *seeds(variant, "far", [300, 303, 306])]
    (apart,) = verdicts([equal | {"against": "far"}], far)
    assert apart.verdict == "contradicted"


def test_every_task_and_reading_has_to_agree(variant: Variant) -> None:
    entries = [*seeds(variant, "good", [0, 3, 6]), *seeds(variant, "bad", [150, 155, 160])]
    (found,) = verdicts([DIFFERENCE | {"tasks": (TASK, "glue/cola")}], entries)
    assert [cell.outcome for cell in found.cells] == ["supported", "cannot be told"]
    assert found.verdict == "cannot be told"
    assert "nothing yet on CoLA" in found.sentence
    (reasons,) = verdicts([DIFFERENCE | {"score": "centred_cosine", "explainers": ("lime",)}], entries)
    assert {cell.score for cell in reasons.cells} == {"centred_cosine.lime", "raw_cosine.lime"}
    assert {cell.reason for cell in reasons.cells} == {"no value: not measured"}


def test_explainers_are_held_against_each_other_on_the_same_students(tmp_path: Path) -> None:
    entries = []
    for seed, name in enumerate(("vanilla_kd", "vanilla_kd-seed1")):
        folder = tmp_path / name
        shutil.copytree(ROOT / "submissions/reference/vanilla_kd", folder)
        path = folder / TASK / "record.json"
        record = json.loads(path.read_text())
        record["lineage"]["seed"] = seed
        path.write_text(json.dumps(record))
        entries.append(read_submission(folder, f"reference/{name}"))
    claim = {key: value for key, value in DIFFERENCE.items() if key != "against"} | {
        "method": "vanilla_kd",
        "score": "drop_most_first",
        "explainers": ("lime", "shap"),
        "against_explainers": ("random", "random"),
    }
    other = claim | {"name": "two", "explainers": ("random",), "against_explainers": ("lime",)}
    (found, turned) = verdicts([claim, other], entries)
    assert (found.verdict, turned.verdict) == ("supported", "contradicted")
    assert found.sentence.endswith("the direction is supported; one fill, words deleted; magnitude not compared.")
    for settings in [one.tasks[TASK].result.provenance["settings"]["explanations"] for one in entries]:
        settings["coalitions"]["fills"] = ["delete", "mask"]
    assert "fill" not in verdicts([claim], entries)[0].sentence
    scores = entries[0].tasks[TASK].result.scores
    for cell, name in zip(found.cells, ("lime", "shap"), strict=True):
        values = [scores[f"drop_most_first.{one}"].value for one in (name, "random")]
        assert cell.difference == pytest.approx(values[0] - values[1])
    drawn = claims_page([found], cards()).papers[0].claims[0]
    assert drawn.against == "the other explainer"
    assert drawn.lines[0].task == "SST-2, against Random scores"


def test_p_values_are_adjusted_over_the_family(variant: Variant) -> None:
    entries = [*seeds(variant, "good", [0, 3, 6]), *seeds(variant, "bad", [20, 26, 33])]
    (alone,) = verdicts([DIFFERENCE], entries)
    several = [DIFFERENCE | {"name": f"n{place}"} for place in range(4)]
    together = verdicts([*several, DIFFERENCE | {"name": "other", "family": "quality"}], entries)
    p = alone.cells[0].p_value
    assert p is not None
    assert [one.cells[0].p_value for one in together] == [pytest.approx(min(1.0, 4 * p))] * 4 + [pytest.approx(p)]
    assert 0 < p < 0.25, "or the adjustment would not show"


def test_other_schedules_and_broken_records_are_told_and_not_compared(variant: Variant) -> None:
    def longer(record: dict) -> None:
        record["lineage"]["training"]["epochs"] = 9

    entries = seeds(variant, "good", [0, 3])
    other = read_submission(variant("bad", seed=0, edit=longer), "reference/bad")
    (found,) = verdicts([DIFFERENCE], [*entries, other])
    assert "another start or by another schedule" in found.cells[0].reason

    def wrong_hash(record: dict) -> None:
        record["examples"]["sha256"] = f"sha256:{'0' * 64}"

    broken = read_submission(variant("broken", seed=0, edit=wrong_hash), "reference/broken")
    (found,) = verdicts([DIFFERENCE | {"against": "broken"}], [*entries, broken])
    assert "wrong-hash" in found.cells[0].reason
    assert found.verdict == "cannot be told"


def test_what_is_not_tested_says_why() -> None:
    without = {key: BASE[key] for key in ("name", "quote", "place", "their_n", "their_seeds")}
    found = verdicts([without | {"not_testable": "no data"}, without | {"name": "two", "artefact": "no gradient"}], [])
    assert [(one.verdict, one.sentence) for one in found] == [
        ("not testable here", "no data"),
        ("an artefact, by proof", "no gradient"),
    ]


@pytest.mark.parametrize(
    "broken",
    [
        {"kind": None},
        {"against": ""},
        {"explainers": ("lime",), "against_explainers": ("shap",)},
        {"against": "", "explainers": ("lime", "shap"), "against_explainers": ("ats",)},
        {"expected": "above"},
        {"family": "luck"},
        {"margin": -1.0},
        {"name": "Has Blanks"},
        {"surprise": 1},
    ],
)
def test_a_claim_that_is_not_whole_is_refused(broken: dict) -> None:
    with pytest.raises(ValidationError):
        Claim.model_validate(DIFFERENCE | broken)


def test_our_own_files_are_whole_and_quote_no_claim_twice(tmp_path: Path) -> None:
    names = [claim.name for paper in claims_of_papers() for claim in paper.claims]
    assert len(names) == len(set(names)) >= 15
    path = tmp_path / "one.toml"
    path.write_text(
        (builtin_folder() / "claims" / "attrit.toml").read_text().replace('kind = "difference"', 'kind = "x"')
    )
    with pytest.raises(BadInputError, match="a file like tasks/claims"):
        read_claims(path)
