"""Baselines: what simple models reach on the same rows, by the same metrics, beside every result."""
