"""What the formats compute: each sum once, however many formats write it."""
