"""What carries the facts of a former session: one module each, with the words that its format files have."""
