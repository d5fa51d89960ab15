"""What was read a moment ago, kept in memory for a moment, and how all workers hear that it has changed."""
