"""The README's notebook says what it says it says."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_the_readmes_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"<!-- test: notebook -->\n```python\n(.*?)```\n\n```text\n(.*?)```", text, re.DOTALL)
    assert len(found) == 1
    monkeypatch.chdir(ROOT)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(found[0][0], {})
    assert printed.getvalue() == found[0][1]
