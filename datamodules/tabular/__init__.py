"""Tables: reading files, inferring column roles, splitting rows, preprocessing, batching."""
