"""The HTTP edge: routes, bounded bodies, one log line a request, and the demo resources."""
