"""Synthetic data sets, written as ordinary files in the layout of the real ones, with a known best answer."""
