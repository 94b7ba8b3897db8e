"""The errors a user can cause, in one shape: what was expected, what was found, what to do."""

from __future__ import annotations


class BadInputError(Exception):
    """Something handed to xkd-bench cannot be used.

    The three parts are printed in this order. `where` names the file, folder, field or option the parts are about.
    """

    def __init__(self, *, expected: str, found: str, fix: str, where: str | None = None) -> None:
        self.expected, self.found, self.fix, self.where = expected, found, fix, where
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [f"{self.where}:"] if self.where else []
        lines += [f"  expected  {self.expected}", f"  found     {self.found}", f"  to do     {self.fix}"]
        return "\n".join(lines)


class ExampleIdError(BadInputError):
    """Two tables do not speak of the same examples in the same order."""


class NonFiniteError(BadInputError):
    """A model gave NaN or an infinity where a number is needed."""
