"""Several sets of weights as one."""
