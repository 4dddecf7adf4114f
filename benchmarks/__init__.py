"""Benchmarks: programs, not tests. Each measures its own ceiling in the same run and reports the ratio."""
