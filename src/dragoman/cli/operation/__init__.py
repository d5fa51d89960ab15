"""Operating a server from beside it: opened as it would open itself, each act in the audit, running ones told."""
