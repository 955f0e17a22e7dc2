"""Figures and lists of texts."""
