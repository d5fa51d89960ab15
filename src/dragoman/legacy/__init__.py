"""Speaking to the server that is replaced, while it still runs (docs/shadow.md, docs/bridge.md)."""
