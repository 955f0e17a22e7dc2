"""Archives, downloads, CSV files and atomic writes."""
