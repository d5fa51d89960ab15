"""The mirror: rows of access tokens in a database of somebody else's, where APIs look them up."""
