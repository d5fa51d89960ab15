"""What becomes of imported records: judged, compared with what is here, and written in batches."""
