"""Everything that relies on private names of Lightning and torch: the one folder to open when one of them is upgraded."""
