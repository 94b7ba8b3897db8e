"""JSON that has one spelling: sorted keys, two spaces, no NaN, a newline at the end."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def dumps(value: Any) -> str:
    """The one spelling of a value: keys sorted, two spaces a level, a list of numbers or texts on one line. Floats keep
    their shortest exact form. Raises ValueError for NaN and infinity."""
    return _spelled(value, "\n") + "\n"


def _spelled(value: Any, line: str) -> str:
    inner = line + "  "
    if isinstance(value, dict) and value:
        parts = [f"{_flat(key)}: {_spelled(value[key], inner)}" for key in sorted(value)]
        return "{" + inner + f",{inner}".join(parts) + line + "}"
    if isinstance(value, list | tuple) and any(isinstance(part, dict | list | tuple) for part in value):
        return "[" + inner + f",{inner}".join(_spelled(part, inner) for part in value) + line + "]"
    return _flat(value)


def _flat(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def content_hash(value: Any) -> str:
    """`sha256:` over the compact spelling of a value."""
    compact = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return f"sha256:{hashlib.sha256(compact.encode()).hexdigest()}"
