"""The authorization server's rules: standard library only, no input or output, no vendor, no SQL."""
