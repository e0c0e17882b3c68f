"""Helpers of command_gate."""
