"""What callbacks read in a module's outputs: logits of ``forward``, results of a test step."""
