"""Ratings of items by users, and clicks."""
