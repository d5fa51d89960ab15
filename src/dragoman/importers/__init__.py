"""Readers of other servers' clients and accounts. They read, and change nothing: neither there nor here."""
