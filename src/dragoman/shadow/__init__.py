"""In front of the server that is replaced: its answers go out, ours are compared with them (docs/shadow.md)."""
