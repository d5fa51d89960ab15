"""Measure and print, on both databases: `make bench-growth`, or `python -m bench.growth --http`."""

from __future__ import annotations

import argparse

from bench.growth import http, store


def main() -> None:
    """By the store's own verbs, or through whole servers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000, help="grants and people of the large database")
    parser.add_argument("--http", action="store_true", help="through whole servers, loaded by wrk")
    parser.add_argument("--on", choices=("sqlite", "postgresql"), action="append", help="only on this database")
    asked = parser.parse_args()
    measure = http.measure if asked.http else store.measure
    measure(asked.on or ("sqlite", "postgresql"), asked.count)


if __name__ == "__main__":
    main()
