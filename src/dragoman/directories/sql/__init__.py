"""Accounts in an SQL table of somebody else's."""
