"""Password hashes and client secrets: `PasswordHasher` and `ClientSecretHasher` are the doors."""
