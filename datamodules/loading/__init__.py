"""What data modules of all kinds share: where files come from, and the order of examples."""
