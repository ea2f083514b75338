"""Floor 0: the words. Frozen values without clock, files or sockets."""
