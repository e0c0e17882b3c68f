"""Ways of teaching that are no teleoperation."""
