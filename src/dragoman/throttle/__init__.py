"""The throttle: counters in a piece of memory that does not grow, and the port of the core on top of it."""
