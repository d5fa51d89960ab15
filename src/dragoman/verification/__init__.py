"""Contracts: golden exchanges of a dialect, and whether a server answers them to the byte (docs/contracts.md)."""
