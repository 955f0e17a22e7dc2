"""What a run folder holds: checkpoints, logs, records, tables, the report."""
