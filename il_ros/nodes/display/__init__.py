"""Helpers of monitor."""
