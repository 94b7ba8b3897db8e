"""A verb takes what its command takes, with the same defaults; where not, this says why."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import typer.main

import xkd_bench
from xkd_bench.cli import check, compare, distill, evaluate
from xkd_bench.cli.app import app

# Option → argument: another word, or another form, and the reason.
RENAMED = {
    ("evaluate", "checkpoint"): "student",  # what it is, where the command says where it lies
    ("evaluate", "retrained_teacher"): "retrained_teachers",  # repeated on the command line, one sequence here
    ("compare", "entries"): "a, b, *more",  # so that fewer than two are no call at all
    ("compare", "margin"): "margins",  # repeated NAME=VALUE on the command line, one mapping here
}
# Option → what takes its place: files are written where somebody names one; an object is asked for the text.
LEFT_OUT = {
    ("compare", "as_json"): "Comparison.to_json",
    ("compare", "markdown"): "Comparison.to_markdown",
    ("compare", "html"): "Comparison._repr_html_",
    ("check", "junit"): "Gate.to_junit",
    ("check", "markdown"): "Gate.to_markdown",
    ("check", "json"): "Gate.to_json",
}
# A sequence that is empty by default, where the command's option is absent: nothing named, in both.
OTHER_DEFAULTS = {("evaluate", "retrained_teacher"): ()}
VERBS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "evaluate": (evaluate.evaluate, xkd_bench.evaluate),
    "distill": (distill.distill, xkd_bench.distill),
    "compare": (compare.compare, xkd_bench.compare),
    "check": (check.check, xkd_bench.check),
}


@pytest.mark.parametrize("verb", VERBS)
def test_arguments_are_the_commands_options(verb: str) -> None:
    command, function = VERBS[verb]
    commands: Any = typer.main.get_command(app)
    options = [option.name for option in commands.commands[verb].params if option.name != "help"]
    defaults = inspect.signature(command).parameters
    assert options == list(defaults), "every option is a parameter of the command"
    taken = dict(inspect.signature(function).parameters)
    for name in options:
        if (verb, name) in LEFT_OUT:
            owner, _, method = LEFT_OUT[verb, name].partition(".")
            assert callable(getattr(getattr(xkd_bench, owner), method))
            continue
        for one in RENAMED.get((verb, name), name).split(", "):
            argument = taken.pop(one.removeprefix("*"))
            if not one.startswith("*") and name != "entries":
                assert argument.default == OTHER_DEFAULTS.get((verb, name), defaults[name].default), name
    assert not taken, "an argument that the command does not have"


def test_every_difference_is_one() -> None:
    for verb, name in (*RENAMED, *LEFT_OUT):
        assert name in inspect.signature(VERBS[verb][0]).parameters
        assert name not in inspect.signature(VERBS[verb][1]).parameters
