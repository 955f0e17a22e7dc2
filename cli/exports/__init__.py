"""Hand a run's model over: one graph with its preprocessing, its facts, and the check against the checkpoint."""
