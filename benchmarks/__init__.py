"""What the real-time path and the data path cost on this machine: `make bench`."""
