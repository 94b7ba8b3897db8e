"""xkd-bench: did the student learn the teacher's answers, or the teacher's reasons?

    import xkd_bench

    evaluation = xkd_bench.evaluate("path/to/student", task="sst2", teacher="path/to/teacher")
    evaluation.to_pandas()

Importing this imports nothing else: what stands in `__all__` is loaded when it is first asked for.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from xkd_bench.api.comparison import Comparison, compare
    from xkd_bench.api.evaluation import Evaluation, evaluate
    from xkd_bench.api.gate import Gate, check
    from xkd_bench.api.student import Student, distill
    from xkd_bench.errors import BadInputError

__all__ = [
    "BadInputError",
    "Comparison",
    "Evaluation",
    "Gate",
    "Student",
    "__version__",
    "check",
    "compare",
    "distill",
    "evaluate",
]

_HOMES = {
    "BadInputError": "xkd_bench.errors",
    "Comparison": "xkd_bench.api.comparison",
    "Evaluation": "xkd_bench.api.evaluation",
    "Gate": "xkd_bench.api.gate",
    "Student": "xkd_bench.api.student",
    "check": "xkd_bench.api.gate",
    "compare": "xkd_bench.api.comparison",
    "distill": "xkd_bench.api.student",
    "evaluate": "xkd_bench.api.evaluation",
}

if not TYPE_CHECKING:  # a type checker shall still find names that are none

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found = globals()[name] = getattr(import_module(_HOMES[name]), name)
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
