"""Parts of ``benchmarks/time_to_quality.py``: the tasks, the callback that writes a course, and the watch over a process."""
