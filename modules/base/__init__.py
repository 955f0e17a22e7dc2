"""What modules share: steps, optimizers, provenance."""
