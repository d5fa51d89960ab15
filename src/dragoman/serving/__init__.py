"""A server as processes: a parent that holds the port, workers that answer, and how both come and go."""
