"""What the bench promises without being run: what it does where a peer is missing."""
