"""The verbs for a notebook: `xkd_bench.evaluate`, `distill`, `compare` and `check`, and the objects they give.

Each is the command of that name with the same defaults; `xkd_bench` itself hands them out and imports them when they
are first asked for. An object shows in a terminal and in a notebook the tables that the command prints, and gives its
numbers as a DataFrame.
"""
