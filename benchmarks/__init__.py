"""Benchmarks; each prints a table for docs/benchmarks.md."""
