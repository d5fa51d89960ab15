"""What processes share and may lose: hints over Redis or Valkey. Never the only copy of anything."""
