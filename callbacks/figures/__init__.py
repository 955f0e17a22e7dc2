"""Callbacks that only look: figures and lists of a run."""
