"""The migrations, one module per schema version, and `upgrade`, which runs those that are due."""
