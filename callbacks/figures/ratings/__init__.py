"""Figures of users and items."""
