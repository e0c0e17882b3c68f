"""Streams to the observation at one tick; the same code live and offline."""
