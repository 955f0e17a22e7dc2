"""Figures of predicted numbers."""
