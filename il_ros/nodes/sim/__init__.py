"""Helpers of sim_robot."""
