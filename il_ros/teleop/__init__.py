"""Devices that turn what an operator does into joint targets."""
