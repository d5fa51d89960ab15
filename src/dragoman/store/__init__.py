"""Where clients, resource owners and grants are kept: described once, held by either of two databases."""
