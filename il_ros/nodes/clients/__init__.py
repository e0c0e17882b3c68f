"""Talk to the running graph: behind commands, and homing."""
