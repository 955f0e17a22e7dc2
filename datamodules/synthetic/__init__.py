"""Samples drawn to ordinary files in the format of the real thing, each with a known answer."""
