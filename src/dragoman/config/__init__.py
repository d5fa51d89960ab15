"""Configuration: its settings, and how they are read."""
