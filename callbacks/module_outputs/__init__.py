"""What callbacks read from a module: logits that ``forward`` returns, results of a test step."""
