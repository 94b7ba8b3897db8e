"""Objects that show themselves: as the command prints them on a terminal, as tables of a page in a notebook."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Group

    from xkd_bench.terminal.tables import Shown


class ShowsItself(ABC):
    """One list of lines and tables, in both forms, so that no form can say what the other does not."""

    @abstractmethod
    def _view(self) -> list[Shown]:
        """What is shown, in order."""

    def __rich__(self) -> Group:
        from rich.console import Group

        return Group(*self._view())

    def _repr_html_(self) -> str:
        """A piece of HTML that loads nothing and runs nothing; every text in it is escaped."""
        from xkd_bench.api.html import as_html

        return as_html(self._view())
