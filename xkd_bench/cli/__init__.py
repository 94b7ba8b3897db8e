"""The command line. One file a verb; nothing heavy is imported before a verb needs it."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from xkd_bench.errors import BadInputError

BAD_INPUT = 2
INTERRUPTED = 130


def main() -> None:
    """Run `xkd-bench`. What a user can mend ends in one message and exit code 2, Ctrl-C in one line and 130."""
    try:
        from xkd_bench.cli.app import app

        with _no_interrupt_lost():
            app(prog_name="xkd-bench", standalone_mode=True)
    except BadInputError as error:
        print(f"xkd-bench: cannot go on\n{error}", file=sys.stderr)
        raise SystemExit(BAD_INPUT) from None
    except KeyboardInterrupt:
        _say_stopped()
        raise SystemExit(INTERRUPTED) from None
    except SystemExit as stop:
        if stop.code == INTERRUPTED:  # typer turns Ctrl-C into this without a word
            _say_stopped()
        raise


@contextmanager
def _no_interrupt_lost() -> Iterator[None]:
    """Python swallows a Ctrl-C that arrives inside a destructor, say of a file lock: send it once more from outside."""
    usual, program = sys.unraisablehook, threading.main_thread().ident

    def hook(unraisable: sys.UnraisableHookArgs) -> None:
        if program is None or not issubclass(unraisable.exc_type, KeyboardInterrupt):
            usual(unraisable)
            return
        again = threading.Timer(0.05, signal.pthread_kill, (program, signal.SIGINT))
        again.daemon = True
        again.start()

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = usual


def _say_stopped() -> None:
    print(
        "\nxkd-bench: stopped. Nothing half-written is left; the same command goes on from what was finished.",
        file=sys.stderr,
    )
