"""What the panel's node hears, sees and calls."""
