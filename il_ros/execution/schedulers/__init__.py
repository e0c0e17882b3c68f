"""One file per way to turn chunks into rows; see `execution.chunk_scheduler`."""
