"""Between a robot's numbers and a network's: transforms, tool motions, history, language."""
