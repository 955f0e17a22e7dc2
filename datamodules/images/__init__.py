"""Photos: class folders, CSVs, archives and downloads; decoding, caching and augmentation."""
