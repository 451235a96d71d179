"""Arrays: the host's own memory type, NumPy."""
