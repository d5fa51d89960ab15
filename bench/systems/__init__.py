"""The systems under measurement, each in its own documented set-up: a module each."""
