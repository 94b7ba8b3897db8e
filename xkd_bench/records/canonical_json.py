"""JSON that has one spelling: sorted keys, two spaces, no NaN, a newline at the end."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def dumps(value: Any) -> str:
    """The one spelling of a value. Floats keep their shortest exact form. Raises ValueError for NaN and infinity."""
    return json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def content_hash(value: Any) -> str:
    """`sha256:` over the compact spelling of a value."""
    compact = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return f"sha256:{hashlib.sha256(compact.encode()).hexdigest()}"
