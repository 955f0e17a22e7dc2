"""Texts: readers, tokenization, windows for language models, batches of documents for classifiers."""
