"""Callbacks that change what a module predicts in tests and predictions."""
