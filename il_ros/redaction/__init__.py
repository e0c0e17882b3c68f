"""Copies of bags and datasets without what tells who was there."""
