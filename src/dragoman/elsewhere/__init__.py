"""Databases and servers of somebody else: how they are asked without waiting for them, and what their cells mean."""
