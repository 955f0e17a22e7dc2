"""Figures of photos."""
