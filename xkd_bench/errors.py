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

    def __reduce__(self) -> tuple[object, ...]:
        # An exception is pickled by its positional arguments, of which this one takes none: another process must be
        # able to raise it all the same.
        return _remade, (type(self), dict(self.__dict__))


def _remade(kind: type[BadInputError], parts: dict[str, object]) -> BadInputError:
    error = kind.__new__(kind)
    error.__dict__.update(parts)
    error.args = (str(error),)
    return error


class ExampleIdError(BadInputError):
    """Two tables do not speak of the same examples in the same order."""


class NonFiniteError(BadInputError):
    """A model gave NaN or an infinity where a number is needed."""


class DiskError(BadInputError):
    """A disk that is full or a folder that cannot be written to: whatever else is tried there fails as well."""
