"""Work over many items: in this process, in several of this machine, on the machines of Ray."""
