"""Kinds of source: one module each, found by looking.

A module offers `SUMMARY` and `read`, with the promises of `importers.kind.Kind`. Its name, with hyphens for underscores,
is the kind's.
"""
