"""`python -m xkd_bench`."""

from xkd_bench.cli import main

main()
