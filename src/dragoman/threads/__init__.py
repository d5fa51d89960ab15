"""Threads of our own: how one is begun without waiting for it, and how a piece of work has one and never two."""
