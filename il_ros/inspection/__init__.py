"""What a dataset is worth: a report per episode, and detectors of what spoils training."""
