"""What a bag says, tick by tick: the observation, what the robot was told and by whom."""
