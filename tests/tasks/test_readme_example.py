"""The README's own-data example is read as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

from xkd_bench.tasks.examples import TextInput
from xkd_bench.tasks.loading import load
from xkd_bench.tasks.registry import find_task

README = Path(__file__).resolve().parents[2] / "README.md"


def test_own_data_of_the_readme(tmp_path: Path) -> None:
    blocks = re.findall(
        r"<!-- test: own data, (\S+) -->\n```\w+\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL
    )
    assert [name for name, _ in blocks] == ["mine.toml", "dev.csv"]
    for name, text in blocks:
        (tmp_path / name).write_text(text, encoding="utf-8")
    examples = load(find_task(str(tmp_path / "mine.toml")), "evaluation")
    assert examples.example_ids == ("17", "18")
    assert examples.inputs[0] == TextInput("Broken on arrival I want my money back.")
    assert examples.labels.tolist() == [1, 0]
