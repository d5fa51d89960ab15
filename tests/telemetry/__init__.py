"""Traces, as a collector gets them from a server that runs."""
