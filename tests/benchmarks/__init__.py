"""Measurements, each against the peer or the limit it is held to; `python -m tests.benchmarks` runs them all."""
