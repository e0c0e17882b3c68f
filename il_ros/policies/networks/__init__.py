"""What the networks of several kinds are made of."""
