"""How callbacks write files: where, atomically, and with names as they are."""
