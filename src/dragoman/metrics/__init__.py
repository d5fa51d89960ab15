"""What a server counts, in memory that all of its processes share, and how Prometheus is told."""
