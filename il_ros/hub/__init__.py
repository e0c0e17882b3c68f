"""Datasets and checkpoints on the Hugging Face Hub."""
