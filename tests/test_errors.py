"""Errors a user can cause keep their parts, also on the way from another process."""

from __future__ import annotations

import pickle

from xkd_bench.errors import BadInputError
from xkd_bench.records.findings import SubmissionError


def test_an_error_raised_in_another_process_says_the_same_here() -> None:
    for error in (
        BadInputError(where="a file", expected="this", found="that", fix="mend it"),
        SubmissionError("empty", where="a folder", expected="a record", found="none", fix="evaluate"),
    ):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 (our own bytes)
        assert type(again) is type(error)
        assert (str(again), vars(again)) == (str(error), vars(error))
