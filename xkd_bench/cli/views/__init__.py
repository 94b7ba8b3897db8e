"""What verbs print in a terminal. Tables a notebook shows, too, are in `xkd_bench/terminal`."""
