"""xkd-bench: did the student learn the teacher's answers, or the teacher's reasons?"""

__version__ = "0.1.0"
