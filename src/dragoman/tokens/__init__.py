"""Tokens and the keys they are made with: `TokenIssuer` is the door, `keyring` the keys behind it."""
