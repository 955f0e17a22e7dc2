"""Recurrent networks on long sequences: states carried between windows, and rates by window length."""
