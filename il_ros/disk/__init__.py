"""Files of this machine: a cache, files that change as a whole, digests."""
