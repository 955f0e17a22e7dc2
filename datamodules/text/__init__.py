"""Texts: readers, tokens, windows and batches of documents."""
