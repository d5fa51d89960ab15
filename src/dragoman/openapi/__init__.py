"""Descriptions of what a server answers, made from its dialects: OpenAPI 3.1. Nothing here serves a request."""
