"""Kaggle's image challenges, from archive to submission."""
