"""Bases of modules: steps, optimizers, provenance."""
