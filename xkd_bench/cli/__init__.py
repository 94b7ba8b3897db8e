"""The command line. One file a verb; nothing heavy is imported before a verb needs it."""

from __future__ import annotations

import sys

from xkd_bench.errors import BadInputError

BAD_INPUT = 2
INTERRUPTED = 130


def main() -> None:
    """Run `xkd-bench`. What a user can mend ends in one message and exit code 2, Ctrl-C in one line and 130."""
    from xkd_bench.cli.app import app

    try:
        app(prog_name="xkd-bench", standalone_mode=True)
    except BadInputError as error:
        print(f"xkd-bench: cannot go on\n{error}", file=sys.stderr)
        raise SystemExit(BAD_INPUT) from None
    except KeyboardInterrupt:
        print(
            "\nxkd-bench: stopped. Nothing half-written is left; the same command goes on from what was finished.",
            file=sys.stderr,
        )
        raise SystemExit(INTERRUPTED) from None
