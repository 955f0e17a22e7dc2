"""Averages over several sets of weights, or over what they predict."""
