"""Helpers of dagger_intervention."""
