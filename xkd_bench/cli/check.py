"""`xkd-bench check`: did a change harm alignment?"""


def check() -> None:
    """."""
