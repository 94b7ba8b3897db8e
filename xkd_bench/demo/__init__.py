"""The demo: small teachers, distilled students, their records and a board, in two minutes and without a network."""

from xkd_bench.demo.run import run

__all__ = ["run"]
