"""Figures of classes, whatever is classified."""
