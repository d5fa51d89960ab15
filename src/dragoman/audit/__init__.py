"""The audit: what happened, to whom, and why, in lines that hold each other, so that tampering shows."""
