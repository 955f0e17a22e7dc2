"""Archives, downloads, CSV, and files that are there whole or not at all."""
