"""Password hash formats: one module each, found by looking.

A module offers `identify`, `find_defect`, `verify`, `seen` and `blank`, with the promises of `format.HashFormat`.
"""
