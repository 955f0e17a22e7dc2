"""What recurrent networks need between batches."""
