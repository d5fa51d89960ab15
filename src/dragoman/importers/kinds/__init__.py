"""Kinds of source: one module each, found by looking.

A module offers `SUMMARY` and `read`, with the promises of `importers.kind.Kind`. Its name is the kind's, with hyphens
for underscores.
"""
