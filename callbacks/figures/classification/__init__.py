"""Figures of classification, whatever is classified."""
