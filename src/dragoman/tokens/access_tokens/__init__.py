"""Access token formats: one module each, named as dialect files name it. A module offers `open_format`."""
