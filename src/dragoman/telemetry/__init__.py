"""Traces for OpenTelemetry, where a collector is configured: a span for each exchange, sent by a thread of its own."""
