"""Helpers of teleop_capture."""
