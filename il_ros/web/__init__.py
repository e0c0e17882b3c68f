"""What every page that il_ros serves is protected with: token, names, TLS."""
