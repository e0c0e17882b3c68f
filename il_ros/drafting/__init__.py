"""A contract drafted from what was heard of a running robot; `draft` is where to start."""
