"""What is in deploy/: judged by the formats' own linters and schemas, and held against the code.

compose-spec.json is the schema of the Compose Specification (github.com/compose-spec/compose-spec, Apache License 2.0).
"""
