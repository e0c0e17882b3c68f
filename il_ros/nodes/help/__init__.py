"""Helpers of help_gate."""
