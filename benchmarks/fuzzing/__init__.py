"""What benchmarks/fuzz.py draws, one file per kind of input, and how it watches what is done with it."""
