"""What commands share that read another server's data."""
