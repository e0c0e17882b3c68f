"""Helpers of teleop."""
