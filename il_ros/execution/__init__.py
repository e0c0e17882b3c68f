"""Execution: chunks become one row per tick, and inference keeps to its own process."""
