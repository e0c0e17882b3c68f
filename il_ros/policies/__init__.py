"""Policies: what turns an observation into a chunk of joint targets. One file per network."""
