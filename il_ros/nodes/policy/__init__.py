"""Helpers of policy_inference."""
