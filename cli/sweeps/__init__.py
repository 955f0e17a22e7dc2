"""Sweeps: several runs of one command, the table and the page that compare them, and how to continue what was broken off."""
