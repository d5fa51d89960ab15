"""Asking other servers over HTTP: the one that is replaced, while it still runs, and a directory that is a service."""
