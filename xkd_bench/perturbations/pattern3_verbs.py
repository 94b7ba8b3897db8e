"""pattern3's verb tables. As shipped, version 3.0.0 cannot be imported; its sources are mended in memory as they load.

What is mended: blocks left empty after `try:`, a module that Python dropped (`cElementTree`), and generators that end
in `raise StopIteration`. Of its English package only the inflections are loaded: the rest wants WordNet's own files.
Nothing on disk is touched.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_file_location
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any, TypeVar

Form = TypeVar("Form")

ENGLISH = "pattern3.text.en"
_LOCK = Lock()


def lexeme(lemma: str, aliases: Mapping[Form, str]) -> dict[Form, tuple[str, ...]] | None:
    """The forms of a verb in pattern3's tables, none where they do not list it. None without the package.

    aliases: form → what pattern3 calls it.
    """
    verbs = _verbs()
    if verbs is None:
        return None
    if lemma not in verbs:
        return {}
    found = {form: verbs.conjugate(lemma, alias, parse=False) for form, alias in aliases.items()}
    return {form: (text,) for form, text in found.items() if text}


@cache
def _verbs() -> Any:
    """pattern3's table of English verbs, or None."""
    with _LOCK:
        if PathFinder.find_spec("pattern3") is None:
            return None
        finder = _MendingFinder()
        sys.meta_path.insert(0, finder)
        try:
            text = import_module("pattern3.text")
            if ENGLISH not in sys.modules:
                package = ModuleType(ENGLISH)
                package.__path__ = [str(Path(str(text.__file__)).parent / "en")]
                sys.modules[ENGLISH] = package
            return import_module(f"{ENGLISH}.inflect").verbs
        finally:
            sys.meta_path.remove(finder)


class _MendingFinder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] != "pattern3":
            return None
        found = PathFinder.find_spec(fullname, path)
        if found is None or found.origin is None:
            return found
        folders = found.submodule_search_locations
        return spec_from_file_location(
            fullname,
            found.origin,
            loader=_MendingLoader(fullname, found.origin),
            submodule_search_locations=None if folders is None else list(folders),
        )


class _MendingLoader(SourceLoader):
    def __init__(self, name: str, path: str) -> None:
        self.name, self.path = name, path

    def get_filename(self, fullname: str) -> str:
        return self.path

    def get_data(self, path: str) -> bytes:
        return mended(Path(path).read_text(encoding="utf-8")).encode()


def mended(source: str) -> str:
    """The source with what no Python of today reads or runs put right."""
    source = re.sub(r"^( *)try:\n\s*\n(?=\1except)", r"\1try:\n\1    pass\n", source, flags=re.MULTILINE)
    source = source.replace("from xml.etree import cElementTree", "from xml.etree import ElementTree as cElementTree")
    return re.sub(r"^( *)raise StopIteration$", r"\1return", source, flags=re.MULTILINE)
