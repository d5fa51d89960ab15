"""Accounts and sessions of the server that is replaced, taken over one by one while it still runs (docs/bridge.md)."""
