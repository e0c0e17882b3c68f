"""Policies on another machine, over a websocket."""
