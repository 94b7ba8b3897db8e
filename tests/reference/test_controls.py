"""Rows that no method made: the teacher's copy with weights of 8 bits, and the teacher trained again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from suites import Cli, run_command, write_suite

from xkd_bench.records.lineage import read_lineage
from xkd_bench.records.submission import read_submission
from xkd_bench.reference.ledger import Ledger
from xkd_bench.reference.rounded import rounded


def test_a_weight_is_rounded_to_steps_of_its_channels_largest() -> None:
    weight = torch.tensor([[1.27, -0.5, 0.014, 0.0], [0.0, 0.0, 0.0, 0.0], [-2.54, 0.011, 1.0, 0.029]])
    expected = torch.tensor([[1.27, -0.5, 0.01, 0.0], [0.0, 0.0, 0.0, 0.0], [-2.54, 0.02, 1.0, 0.02]])
    torch.testing.assert_close(rounded(weight), expected)


@given(seed=st.integers(0, 2**20), shape=st.sampled_from([(1, 1), (7, 33), (4, 3, 2, 2)]), power=st.integers(-20, 4))
def test_no_weight_moves_by_more_than_half_a_step(seed: int, shape: tuple[int, ...], power: int) -> None:
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * 10.0**power
    found = rounded(weight)
    step = weight.flatten(1).abs().amax(dim=1) / 127
    assert bool(((found - weight).flatten(1).abs() <= step[:, None] * 0.5001).all())
    assert all(len(set(channel.tolist())) <= 255 for channel in found.flatten(1))
    torch.testing.assert_close(rounded(found), found, rtol=1e-6, atol=0)


def test_the_copy_in_8_bits_is_a_row_that_keeps_nearly_all(finished: Path) -> None:
    result = read_submission(finished / "out/control-int8").tasks["demo/digits"].result
    plain = read_submission(finished / "out/finetune").tasks["demo/digits"].result
    assert result.teacher is not None
    assert result.lineage is not None
    assert result.lineage.method == "int8"
    assert result.lineage.updates == 0
    assert result.lineage.student_start == result.lineage.teacher == result.teacher.hash
    assert result.student.hash != result.teacher.hash
    assert result.student.parameters == result.teacher.parameters
    for score in ("agreement", "centred_cosine.lime"):
        copied, learnt = result.scores[score].value, plain.scores[score].value
        assert copied is not None
        assert learnt is not None
        assert 1.0 >= copied > 0.95
        assert copied > learnt


def test_the_retrained_teacher_is_judged_without_its_own_tables(finished: Path) -> None:
    entry = read_submission(finished / "out/control-retrained")
    result = entry.tasks["demo/digits"].result
    kept = json.loads((finished / "out/teachers/digits-retrained-1/reference.json").read_text())
    assert result.student.hash == kept["checkpoint"]
    assert result.explanations is not None
    assert result.explanations.retrained_teachers == ()
    assert "trained again with seed 1" in entry.card.summary


def test_the_copy_tells_how_its_teacher_was_made(finished: Path) -> None:
    ledger = Ledger(finished / "work")
    jobs = [ledger.job(path.parent.name) for path in (finished / "work/jobs").glob("*/job.json")]
    (copy,) = [job for job in jobs if job.kind == "round"]
    lineage, teacher = (read_lineage(ledger.result(digest)) for digest in (copy.digest, copy.needs["teacher"]))
    assert lineage is not None
    assert teacher is not None
    assert (lineage.train_fingerprint, lineage.train_rows) == (teacher.train_fingerprint, teacher.train_rows)


@pytest.mark.parametrize("control", ['control = "int4"', 'control = "int8"\ntasks = ["glue/cola"]'])
def test_a_control_that_cannot_be_is_refused(run_cli: Cli, tmp_path: Path, control: str) -> None:
    suite = write_suite(tmp_path / "suite", lambda text: text.replace('control = "int8"', control))
    code, _, error = run_cli(*run_command(suite, tmp_path, "--plan"))
    assert code == 2
    assert "controls" in error
