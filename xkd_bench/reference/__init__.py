"""The reference board: a suite of teachers, students, methods, tasks and seeds → jobs → `submissions/reference/`.

suite.py      what a suite file says
schedule.py   the recipe of one training
track.py      one teacher on one task, and all that is judged against it
graph.py      all jobs, each after those it needs; suite_graph.py: the way from a suite there
committed.py  records that make a job unnecessary
costs.py      what a job will cost
ledger.py     the work folder: who runs what, what is finished
work.py       one job: train, keep a teacher's tables, evaluate
worker.py     jobs one after the other, in one process
local.py      workers on this machine; cluster.py: the same on a Ray cluster
run.py        all of it; status.py and plan.py: where it stands, what it would take
"""
