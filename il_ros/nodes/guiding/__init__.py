"""How each robot is led by hand: a file per way."""
