"""Leader arms on the bus of their servos, without a driver in between."""
