"""No secret that a client sends, and no token that it gets, is found in any output of the server."""
