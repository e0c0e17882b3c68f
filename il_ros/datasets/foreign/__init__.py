"""Datasets that il_ros did not write: what is called how there, and what is left out."""
