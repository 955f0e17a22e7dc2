"""Parts of ``benchmarks/claims.py``: what is claimed, how it is turned on and off, and the tables."""
