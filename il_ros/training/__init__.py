"""Training: demonstrations and corrections become a checkpoint."""
