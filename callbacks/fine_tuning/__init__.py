"""Fine-tuning: which layers of a pretrained network train, how fast, and from which stored features."""
