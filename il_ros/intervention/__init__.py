"""Who controls the robot: the arbiter between operators and policy, and the log of corrections."""
